import {
  cachePlaces,
  checkStep,
  type Executable,
  type FloatTensor,
  type Graph,
  type IndexBounds,
  indexBounds,
  type MemoryReport,
  type Program,
  type State,
  type StateOptions,
  type Step,
  type StepResult,
  tapValue,
  validate,
  type WeightSource,
} from '@tttv2/graph';
import { type HardwareConfig, isLengthDependent, SpecError, UnsupportedHardwareError } from '@tttv2/spec';
import type { ComputeSettings } from './compute-graph.ts';
import { Engine } from './engine.ts';
import type { GgmlDtype } from './ggml-type.ts';
import { GgmlState } from './state.ts';
import { type LoadOptions, Weights } from './weights.ts';

/** What a backend has decided; ggml has no policy of its own. */
export interface GgmlOptions extends LoadOptions {
  /** Device name, for errors. */
  device: string;
  threads: number;
  kvCacheDtype: GgmlDtype;
  settings: ComputeSettings;
  /** Reported as `Executable.hardware`. */
  hardware: HardwareConfig;
}

/** As llama.cpp's micro-batch: longer prompts are computed in chunks. */
const maxTokensPerStep = 512;

/** Places a program of one stage on ggml's CPU backend. */
export async function compileGgml(program: Program, source: WeightSource, options: GgmlOptions): Promise<Executable> {
  const graph = validate(onlyStage(program, options.device));
  const engine = new Engine({ threads: options.threads });
  try {
    const weights = await Weights.load(engine, graph, source, options);
    return new GgmlExecutable(engine, graph, weights, options);
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

function onlyStage({ stages, mesh }: Program, device: string): Graph {
  const [graph] = stages;
  if (graph !== undefined && stages.length === 1 && mesh[0] * mesh[1] === 1) return graph;
  const message = `${device} is one device, but the program has ${stages.length} stages on a ${mesh.join('×')} mesh: use a tensorParallelSize and pipelineParallelSize of 1`;
  throw new UnsupportedHardwareError({ device, field: 'mesh', message });
}

class GgmlExecutable implements Executable {
  readonly limits = { maxSequences: null, maxTokensPerStep, mixedPhases: true, sampling: [], rollback: 'any' } as const;
  readonly hardware: HardwareConfig;
  readonly #engine: Engine;
  readonly #graph: Graph;
  readonly #weights: Weights;
  readonly #options: GgmlOptions;
  readonly #bounds: IndexBounds;
  /** Sequences of different lengths cannot share a step whose frequencies depend on the length. */
  readonly #oneSequenceAStep: boolean;
  readonly #states = new Set<GgmlState>();

  constructor(engine: Engine, graph: Graph, weights: Weights, options: GgmlOptions) {
    this.#engine = engine;
    this.#graph = graph;
    this.#weights = weights;
    this.#options = options;
    this.#bounds = indexBounds(graph);
    this.#oneSequenceAStep = graph.nodes.some((node) => node.op === 'rotary' && isLengthDependent(node.attrs));
    this.hardware = options.hardware;
  }

  createState(options: StateOptions): State {
    checkStateOptions(options);
    const state: GgmlState = new GgmlState({
      engine: this.#engine,
      graph: this.#graph,
      weights: this.#weights.tensors,
      kvCacheDtype: this.#options.kvCacheDtype,
      settings: this.#options.settings,
      options,
      onDispose: () => this.#states.delete(state),
    });
    this.#states.add(state);
    return state;
  }

  async run(state: State, step: Step, { signal }: { signal?: AbortSignal } = {}): Promise<StepResult> {
    if (!(state instanceof GgmlState) || !this.#states.has(state))
      throw new TypeError('the state was disposed, or belongs to another executable');
    for (const scope of step.want.taps ?? []) tapValue(this.#graph, scope);
    return this.#engine.exclusive(async () => {
      signal?.throwIfAborted();
      checkStep(state, step, { bounds: this.#bounds, ...state.options });
      if (step.tokens.length > maxTokensPerStep) throw tooManyTokens(step.tokens.length);
      const parts = this.#oneSequenceAStep && step.sequences.length > 1 ? splitBySequence(step) : [step];
      return this.#runParts(state, parts, signal);
    });
  }

  /** All parts or none: when one fails the state is as it was. */
  async #runParts(state: GgmlState, parts: readonly Step[], signal: AbortSignal | undefined): Promise<StepResult> {
    const lengths = parts.flatMap(({ sequences }) =>
      sequences.map(({ slot }) => ({ slot, length: state.length(slot) })),
    );
    try {
      const results: StepResult[] = [];
      for (const part of parts) {
        const result = await this.#runPart(state, part, signal);
        results.push(parts.length === 1 ? result : copyResult(result));
      }
      return joinResults(results);
    } catch (error) {
      for (const { slot, length } of lengths) state.truncate(slot, length);
      throw error;
    }
  }

  async #runPart(state: GgmlState, step: Step, signal: AbortSignal | undefined): Promise<StepResult> {
    const places = cachePlaces(state, step);
    const prepared = state.prepare(step, places);
    const graph = state.graphFor(prepared, step.want.taps ?? []);
    graph.write(prepared);
    await this.#engine.compute(graph.native, signal);
    const tensor = (value: { data: Float32Array; shape: number[] }): FloatTensor => ({ dtype: 'float32', ...value });
    return {
      logits: graph.logits === null ? null : tensor(graph.logits),
      taps: Object.fromEntries([...graph.taps].map(([scope, value]) => [scope, tensor(value)])),
    };
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

  async dispose(): Promise<void> {
    await this.#engine.exclusive(async () => {
      for (const state of this.#states) state.dispose();
      this.#weights.free();
    });
    await this.#engine.dispose();
  }
}

function checkStateOptions(options: StateOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new SpecError({ path: name, message: `must be a whole number of at least 1, found ${value}` });
  }
}

function tooManyTokens(count: number): UnsupportedHardwareError {
  const message = `a step has at most ${maxTokensPerStep} tokens, found ${count}: split it`;
  return new UnsupportedHardwareError({ device: 'cpu', field: 'tokens', message });
}

function splitBySequence(step: Step): Step[] {
  const logits = step.want.logits ?? new Int32Array();
  return step.sequences.map(({ slot, from, count }) => ({
    tokens: step.tokens.slice(from, from + count),
    positions: step.positions.slice(from, from + count),
    sequences: [{ slot, from: 0, count }],
    want: { ...step.want, logits: logits.filter((row) => row >= from && row < from + count).map((row) => row - from) },
  }));
}

function copyResult({ logits, taps }: StepResult): StepResult {
  const copy = (tensor: FloatTensor): FloatTensor => ({ ...tensor, data: tensor.data.slice() });
  return {
    logits: logits === null ? null : copy(logits),
    taps: Object.fromEntries(Object.entries(taps).map(([scope, tensor]) => [scope, copy(tensor)])),
  };
}

function joinResults(results: readonly StepResult[]): StepResult {
  const [first] = results;
  if (first === undefined || results.length === 1) return first ?? { logits: null, taps: {} };
  const scopes = Object.keys(first.taps);
  return {
    logits: joinRows(results.map(({ logits }) => logits)),
    taps: Object.fromEntries(
      scopes.flatMap((scope) => {
        const joined = joinRows(results.map(({ taps }) => taps[scope] ?? null));
        return joined === null ? [] : [[scope, joined]];
      }),
    ),
  };
}

function joinRows(parts: readonly (FloatTensor | null)[]): FloatTensor | null {
  const present = parts.filter((part) => part !== null);
  const [first] = present;
  if (first === undefined) return null;
  const rows = present.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  const data = new Float32Array(present.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of present) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { dtype: 'float32', shape: [rows, ...first.shape.slice(1)], data };
}
