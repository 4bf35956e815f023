import {
  cachePlaces,
  checkStateOptions,
  checkStep,
  type Executable,
  type ExecutableLimits,
  type IndexBounds,
  indexBounds,
  kvCachesOf,
  type LocalGraph,
  localGraph,
  type MemoryReport,
  type Program,
  type State,
  type StateOptions,
  type Step,
  type StepResult,
  tapValue,
  type WeightSource,
} from '@tttv2/graph';
import { DoesNotFitError, type HardwareConfig, UnsupportedHardwareError } from '@tttv2/spec';
import type { ComputeSettings } from './compute-graph.ts';
import { Engine } from './engine.ts';
import type { GgmlDtype } from './ggml-type.ts';
import { checkCaches } from './kv-cache.ts';
import { GgmlState } from './state.ts';
import { type LoadOptions, Weights } from './weights.ts';

/** What a backend has decided; ggml has no policy of its own. */
export interface GgmlOptions extends LoadOptions {
  /** Device name, for errors. */
  device: string;
  kvCacheDtype: GgmlDtype;
  settings: ComputeSettings;
  /** Reported as `Executable.hardware`. */
  hardware: HardwareConfig;
}

/** As llama.cpp's micro-batch: longer prompts are computed in chunks. */
export const maxTokensPerStep = 512;

/** Places a program of one stage on ggml's CPU backend. */
export async function compileGgml(program: Program, source: WeightSource, options: GgmlOptions): Promise<Executable> {
  const graph = localGraph(program, options.device);
  checkCaches(graph, { ...options, ...options.settings });
  const engine = new Engine({ threads: options.threads });
  try {
    const weights = await Weights.load(engine, graph, source, options);
    return new GgmlExecutable(engine, graph, weights, options);
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

class GgmlExecutable implements Executable {
  readonly mode = 'device';
  readonly limits: ExecutableLimits;
  readonly positionAxes: number;
  readonly hardware: HardwareConfig;
  readonly #engine: Engine;
  readonly #graph: LocalGraph;
  readonly #weights: Weights;
  readonly #options: GgmlOptions;
  readonly #bounds: IndexBounds;
  readonly #states = new Set<GgmlState>();
  /** Set when it is disposed. */
  #ending: Promise<void> | null = null;

  constructor(engine: Engine, graph: LocalGraph, weights: Weights, options: GgmlOptions) {
    this.#engine = engine;
    this.#graph = graph;
    this.#weights = weights;
    this.#options = options;
    this.#bounds = indexBounds(graph);
    this.positionAxes = graph.positionAxes;
    const rollback = kvCachesOf(graph).length === Object.keys(graph.states).length ? 'any' : 'snapshot';
    const chunk = Math.min(maxTokensPerStep, options.hardware.prefillChunk ?? maxTokensPerStep);
    this.limits = {
      maxSequences: options.hardware.maxBatch ?? null,
      maxTokensPerStep: chunk,
      mixedPhases: true,
      sampling: [],
      rollback,
    };
    this.hardware = options.hardware;
  }

  createState(options: StateOptions): State {
    if (this.#ending !== null) throw new TypeError('the executable was disposed');
    checkStateOptions(options, this.hardware);
    checkTokens(options);
    const state: GgmlState = new GgmlState({
      engine: this.#engine,
      graph: this.#graph,
      weights: this.#weights,
      kvCacheDtype: this.#options.kvCacheDtype,
      settings: this.#options.settings,
      options,
      onDispose: () => this.#states.delete(state),
    });
    this.#states.add(state);
    return state;
  }

  run(state: State, step: Step, { signal }: { signal?: AbortSignal } = {}): Promise<StepResult> {
    return this.#engine.exclusive(async () => {
      if (!(state instanceof GgmlState) || !this.#states.has(state))
        throw new TypeError('the state was disposed, or belongs to another executable');
      signal?.throwIfAborted();
      for (const scope of step.want.taps ?? []) tapValue(this.#graph, scope);
      checkStep(state, step, { bounds: this.#bounds, positionAxes: this.positionAxes, ...state.options });
      const { maxTokensPerStep: most } = this.limits;
      if (step.tokens.length > most) throw tooManyTokens(step.tokens.length, most);
      return this.#compute(state, step, signal);
    });
  }

  /** When it fails the state is as it was. */
  async #compute(state: GgmlState, step: Step, signal: AbortSignal | undefined): Promise<StepResult> {
    const lengths = step.sequences.map(({ slot }) => ({ slot, length: state.length(slot) }));
    try {
      const prepared = state.prepare(step, cachePlaces(state, step));
      const graph = state.graphFor(prepared, step.want.taps ?? []);
      graph.write(prepared);
      await this.#engine.compute(graph.native, signal);
      state.advance(step);
      return graph.read();
    } catch (error) {
      for (const { slot, length } of lengths) state.truncate(slot, length);
      throw error;
    }
  }

  memory(): MemoryReport {
    const states = [...this.#states];
    return {
      mappedWeights: this.#weights.mappedBytes,
      ownWeights: this.#weights.ownBytes,
      states: states.reduce((sum, state) => sum + state.cacheBytes, 0),
      compute: states.reduce((sum, state) => sum + state.computeBytes, 0),
    };
  }

  dispose(): Promise<void> {
    this.#ending ??= this.#free();
    return this.#ending;
  }

  async #free(): Promise<void> {
    for (const state of this.#states) state.dispose();
    await this.#engine.exclusive(async () => this.#weights.free());
    await this.#engine.dispose();
  }
}

/** More than this native indexes do not reach, and the table of cells would not fit either. */
export const maxTokens = 2 ** 31 - 1;

function checkTokens({ maxSequences, totalTokens, tokensPerSequence }: StateOptions): void {
  const wanted = Math.max(totalTokens, maxSequences * tokensPerSequence);
  if (wanted > maxTokens) {
    const message = `a cache of ${wanted} tokens is wanted, but ${maxTokens} is the most: ask for fewer sequences or a shorter context`;
    throw new DoesNotFitError({ message, wanted, available: maxTokens, unit: 'tokens' });
  }
}

function tooManyTokens(count: number, most: number): UnsupportedHardwareError {
  const message = `a step has at most ${most} tokens, found ${count}: split it`;
  return new UnsupportedHardwareError({ device: 'cpu', field: 'tokens', message });
}
