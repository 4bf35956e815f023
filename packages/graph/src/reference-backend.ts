import { bytesOf, deviceStorage } from '@tttv2/spec';
import type { Backend, Program } from './backend.ts';
import { checkStateOptions } from './check-state-options.ts';
import { cachePlaces, checkStep, type IndexBounds, indexBounds } from './check-step.ts';
import { describeParameters } from './describe-parameters.ts';
import { type Bindings, evaluateLockstep } from './evaluate.ts';
import type { Executable, MemoryReport, State, StateOptions, Step, StepResult } from './executable.ts';
import type { Graph } from './graph.ts';
import { type Mesh, placesOf } from './mesh.ts';
import { opset } from './ops/index.ts';
import { readFloats } from './read-floats.ts';
import { ReferenceState } from './reference-state.ts';
import { tapStage } from './tap.ts';
import { type FloatTensor, floats, type IntTensor } from './tensor.ts';
import { validateProgram } from './validate-program.ts';
import { shapeOf, type WeightExpr } from './weight-expr.ts';
import type { WeightSource } from './weight-source.ts';

/** Runs graphs by the definitions of their ops, in float32, in stages on meshes of any size: slow, obvious, everywhere. What other backends are held against. */
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
    const validated = validateProgram(program);
    const stages = await readStages(validated, weights, (loadedBytes, totalBytes) => {
      signal?.throwIfAborted();
      progress?.({ loadedBytes, totalBytes });
    });
    return new ReferenceExecutable(validated.mesh, stages, hardware);
  },
};

type Parameters = Map<string, FloatTensor>;

/** A graph, and what each of its devices holds. */
interface Stage {
  graph: Graph;
  parameters: readonly Parameters[];
}

async function readStages(
  { mesh, stages }: Program,
  weights: WeightSource,
  report: (loaded: number, total: number) => void,
): Promise<Stage[]> {
  const places = placesOf(mesh);
  const described = stages.map((graph) => ({
    graph,
    devices: places.map((place) => describeParameters(graph, weights, place)),
  }));
  const shapes = stages.flatMap(({ parameters }) => Object.values(parameters).map(({ shape }) => shape));
  const total = places.length * sum(shapes, (shape) => bytesOf('float32', shape));
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
  const read: Stage[] = [];
  for (const { graph, devices } of described) {
    const parameters: Parameters[] = [];
    for (const exprs of devices) parameters.push(await readAll(exprs));
    read.push({ graph, parameters });
  }
  report(loaded, total);
  return read;
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
  readonly #mesh: Mesh;
  readonly #stages: readonly Stage[];
  readonly #bounds: IndexBounds;
  readonly #states = new Set<ReferenceState>();
  #isDisposed = false;

  constructor(mesh: Mesh, stages: readonly Stage[], hardware: Executable['hardware']) {
    this.#mesh = mesh;
    this.#stages = stages;
    const graphs = stages.map(({ graph }) => graph);
    this.#bounds = indexBounds(...graphs);
    this.positionAxes = Math.max(...graphs.map((graph) => graph.positionAxes));
    this.hardware = { ...hardware, weightDtype: 'float32', kvCacheDtype: 'float32' } as const;
  }

  createState(options: StateOptions): State {
    if (this.#isDisposed) throw new TypeError('the executable was disposed');
    checkStateOptions(options, this.hardware);
    const state: ReferenceState = new ReferenceState(options, placesOf(this.#mesh).length, () =>
      this.#states.delete(state),
    );
    this.#states.add(state);
    return state;
  }

  async run(state: State, step: Step, { signal }: { signal?: AbortSignal } = {}): Promise<StepResult> {
    if (!(state instanceof ReferenceState) || !this.#states.has(state))
      throw new TypeError('the state was disposed, or belongs to another executable');
    signal?.throwIfAborted();
    checkStep(state, step, { bounds: this.#bounds, positionAxes: this.positionAxes, ...state.options });
    state.checkRoom(step.tokens.length);
    const graphs = this.#stages.map(({ graph }) => graph);
    const tapped = (step.want.taps ?? []).map((scope) => ({ scope, ...tapStage(graphs, scope, this.#mesh) }));
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
    const received: Record<string, FloatTensor> = {};
    const taps: Record<string, FloatTensor> = {};
    for (const { graph, parameters } of this.#stages) {
      const devices = state.caches.map((cache, i) => ({
        ...{ inputs, received, state: cache, sizes },
        parameter: (name: string) => floats(parameters[i]?.get(name)),
      }));
      const [values] = evaluateLockstep(graph, this.#mesh, devices);
      // What leaves a stage is the same on all its devices: the first is as good as any.
      const result = (name: string) => floats(values?.get(name) ?? parameters[0]?.get(name));
      for (const [name, value] of Object.entries(graph.outputs)) received[name] = result(value);
      for (const { scope, stage, value } of tapped) if (stage === graph) taps[scope] = result(value);
    }
    state.advance(step);
    return { mode: this.mode, logits: sizes.R === 0 ? null : (received.logits ?? null), taps };
  }

  memory(): MemoryReport {
    const devices = this.#stages.flatMap(({ parameters }) => parameters);
    const ownWeights = sum(devices, (parameters) => sum(parameters.values(), ({ data }) => data.byteLength));
    const states = sum(this.#states, ({ caches }) => sum(caches, ({ bytes }) => bytes));
    return { mappedWeights: 0, ownWeights, states, compute: 0 };
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    this.#states.clear();
    for (const parameters of this.#stages.flatMap((stage) => stage.parameters)) parameters.clear();
  }
}

function sum<T>(items: Iterable<T>, term: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += term(item);
  return total;
}
