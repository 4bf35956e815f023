import { bytesOf, deviceStorage, UnsupportedHardwareError } from '@tttv2/spec';
import type { Backend } from './backend.ts';
import { checkStateOptions } from './check-state-options.ts';
import { cachePlaces, checkStep, indexBounds } from './check-step.ts';
import { describeParameters } from './describe-parameters.ts';
import { type Bindings, evaluateLockstep } from './evaluate.ts';
import type { Executable, MemoryReport, State, StateOptions, Step, StepResult } from './executable.ts';
import type { Graph } from './graph.ts';
import { type Mesh, placesOf } from './mesh.ts';
import { opset } from './ops/index.ts';
import { readFloats } from './read-floats.ts';
import { ReferenceState } from './reference-state.ts';
import { tapValue } from './tap.ts';
import { type FloatTensor, floats, type IntTensor } from './tensor.ts';
import { validateProgram } from './validate-program.ts';
import { shapeOf, type WeightExpr } from './weight-expr.ts';
import type { WeightSource } from './weight-source.ts';

/** Runs graphs by the definitions of their ops, in float32, on a mesh of any size: slow, obvious, everywhere. What other backends are held against. */
export const referenceBackend: Backend = {
  contract: 'v1',
  opset,
  name: 'reference',
  devices: async () => [
    {
      name: 'reference',
      description: 'evaluation by definition',
      cores: 1,
      memoryBytes: null,
      bandwidth: null,
      // Devices are turns of a loop: as many as anybody needs.
      mesh: [8, 8],
      storage: deviceStorage(),
    },
  ],
  supports: () => ({ kind: 'native' }),
  async compile(program, weights, hardware, { progress, signal } = {}) {
    const { mesh, stages } = validateProgram(program);
    const graph = onlyStage(stages);
    const parameters = await readParameters(graph, mesh, weights, (loadedBytes, totalBytes) => {
      signal?.throwIfAborted();
      progress?.({ loadedBytes, totalBytes });
    });
    return new ReferenceExecutable(graph, mesh, parameters, hardware);
  },
};

function onlyStage(stages: readonly Graph[]): Graph {
  const [graph] = stages;
  if (graph !== undefined && stages.length === 1) return graph;
  const message = `the reference backend runs one graph on all devices of a mesh, but the program has ${stages.length} stages: use a pipelineParallelSize of 1`;
  throw new UnsupportedHardwareError({ device: 'reference', field: 'stages', message });
}

type Parameters = Map<string, FloatTensor>;

/** What each device holds. */
async function readParameters(
  graph: Graph,
  mesh: Mesh,
  weights: WeightSource,
  report: (loaded: number, total: number) => void,
): Promise<Parameters[]> {
  const devices = placesOf(mesh).map((place) => describeParameters(graph, weights, place));
  const total = devices.length * sum(Object.values(graph.parameters), ({ shape }) => bytesOf('float32', shape));
  let loaded = 0;
  const readAll = async (exprs: ReadonlyMap<string, WeightExpr>): Promise<Parameters> => {
    const parameters: Parameters = new Map();
    for (const [name, expr] of exprs) {
      report(loaded, total);
      const shape = shapeOf(expr);
      parameters.set(name, { dtype: 'float32', shape, data: await readFloats(weights, expr) });
      loaded += bytesOf('float32', shape);
    }
    return parameters;
  };
  const parameters: Parameters[] = [];
  for (const exprs of devices) parameters.push(await readAll(exprs));
  report(loaded, total);
  return parameters;
}

class ReferenceExecutable implements Executable {
  readonly mode = 'reference';
  readonly limits = {
    maxSequences: null,
    maxTokensPerStep: 2 ** 16,
    mixedPhases: true,
    sampling: [],
    rollback: 'any',
  } as const;
  readonly hardware;
  readonly positionAxes: number;
  readonly #graph: Graph;
  readonly #mesh: Mesh;
  /** Of each device. */
  readonly #parameters: readonly Parameters[];
  readonly #states = new Set<ReferenceState>();
  #isDisposed = false;

  constructor(graph: Graph, mesh: Mesh, parameters: readonly Parameters[], hardware: Executable['hardware']) {
    this.#graph = graph;
    this.positionAxes = graph.positionAxes;
    this.#mesh = mesh;
    this.#parameters = parameters;
    this.hardware = { ...hardware, weightDtype: 'float32', kvCacheDtype: 'float32' } as const;
  }

  createState(options: StateOptions): State {
    if (this.#isDisposed) throw new TypeError('the executable was disposed');
    checkStateOptions(options, this.hardware);
    const state: ReferenceState = new ReferenceState(options, this.#parameters.length, () =>
      this.#states.delete(state),
    );
    this.#states.add(state);
    return state;
  }

  async run(state: State, step: Step, { signal }: { signal?: AbortSignal } = {}): Promise<StepResult> {
    if (!(state instanceof ReferenceState) || !this.#states.has(state))
      throw new TypeError('the state was disposed, or belongs to another executable');
    signal?.throwIfAborted();
    checkStep(state, step, { bounds: indexBounds(this.#graph), positionAxes: this.positionAxes, ...state.options });
    state.checkRoom(step.tokens.length);
    const tapped = (step.want.taps ?? []).map((scope) => ({ scope, value: tapValue(this.#graph, scope, this.#mesh) }));
    const logitRows = step.want.logits ?? new Int32Array();
    const sizes = { N: step.tokens.length, R: logitRows.length };
    const vector = (data: Int32Array): IntTensor => ({ dtype: 'int32', shape: [data.length], data });
    const { slot, cacheIndex } = cachePlaces(state, step);
    const inputs: Bindings['inputs'] = {
      tokens: vector(step.tokens),
      positions: { dtype: 'int32', shape: [this.positionAxes, sizes.N], data: step.positions },
      slot: vector(slot),
      cacheIndex: vector(cacheIndex),
      logitRows: vector(logitRows),
    };
    const devices = state.caches.map((cache, i) => ({
      inputs,
      parameter: (name: string) => this.#parameter(name, i),
      state: cache,
      sizes,
    }));
    const [values] = evaluateLockstep(this.#graph, this.#mesh, devices);
    state.advance(step);
    const { logits } = this.#graph.outputs;
    // What leaves a program is the same on all devices: the first is as good as any.
    const result = (name: string) => floats(values?.get(name) ?? this.#parameter(name, 0));
    return {
      mode: this.mode,
      logits: logits === undefined || sizes.R === 0 ? null : result(logits),
      taps: Object.fromEntries(tapped.map(({ scope, value }) => [scope, result(value)])),
    };
  }

  memory(): MemoryReport {
    const ownWeights = sum(this.#parameters, (parameters) => sum(parameters.values(), ({ data }) => data.byteLength));
    const states = sum(this.#states, ({ caches }) => sum(caches, ({ bytes }) => bytes));
    return { mappedWeights: 0, ownWeights, states, compute: 0 };
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    this.#states.clear();
    for (const parameters of this.#parameters) parameters.clear();
  }

  #parameter(name: string, device: number): FloatTensor {
    return floats(this.#parameters[device]?.get(name));
  }
}

function sum<T>(items: Iterable<T>, term: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += term(item);
  return total;
}
