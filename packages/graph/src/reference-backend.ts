import { bytesOf, UnsupportedHardwareError } from '@tttv2/spec';
import type { Backend, Program } from './backend.ts';
import { cachePlaces, checkStep, indexBounds } from './check-step.ts';
import { describeParameters } from './describe-parameters.ts';
import { evaluate } from './evaluate.ts';
import type { Executable, MemoryReport, State, StateOptions, Step, StepResult } from './executable.ts';
import type { Graph } from './graph.ts';
import { opset } from './ops/index.ts';
import { readFloats } from './read-floats.ts';
import { ReferenceState } from './reference-state.ts';
import { tapValue } from './tap.ts';
import { type FloatTensor, floats, type IntTensor } from './tensor.ts';
import { validate } from './validate.ts';
import { shapeOf } from './weight-expr.ts';
import type { WeightSource } from './weight-source.ts';

/** Runs graphs by the definitions of their ops, in float32: slow, obvious, everywhere. What other backends are held against. */
export const referenceBackend: Backend = {
  contract: 'v1',
  opset,
  name: 'reference',
  devices: async () => [
    {
      name: 'reference',
      description: 'evaluation by definition',
      cores: 1,
      memoryBytes: 2 ** 32,
      bandwidth: null,
      mesh: [1, 1],
    },
  ],
  supports: () => ({ kind: 'native' }),
  async compile(program, weights, hardware, { progress, signal } = {}) {
    const graph = validate(onlyStage(program));
    const parameters = await readParameters(graph, weights, (loadedBytes, totalBytes) => {
      signal?.throwIfAborted();
      progress?.({ loadedBytes, totalBytes });
    });
    return new ReferenceExecutable(graph, parameters, hardware);
  },
};

function onlyStage({ stages, mesh }: Program): Graph {
  const [graph] = stages;
  if (graph === undefined || stages.length > 1 || mesh[0] * mesh[1] !== 1) {
    const message = `the reference backend is one device, but the program wants ${stages.length} stages on a ${mesh.join('×')} mesh`;
    throw new UnsupportedHardwareError({ device: 'reference', field: 'mesh', message });
  }
  return graph;
}

async function readParameters(
  graph: Graph,
  weights: WeightSource,
  report: (loaded: number, total: number) => void,
): Promise<Map<string, FloatTensor>> {
  const entries = [...describeParameters(graph, weights)].map(([name, expr]) => ({ name, expr, shape: shapeOf(expr) }));
  const total = entries.reduce((sum, { shape }) => sum + bytesOf('float32', shape), 0);
  const parameters = new Map<string, FloatTensor>();
  let loaded = 0;
  for (const { name, expr, shape } of entries) {
    report(loaded, total);
    parameters.set(name, { dtype: 'float32', shape, data: await readFloats(weights, expr) });
    loaded += bytesOf('float32', shape);
  }
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
  readonly #graph: Graph;
  readonly #parameters: Map<string, FloatTensor>;
  readonly #states = new Set<ReferenceState>();
  #isDisposed = false;

  constructor(graph: Graph, parameters: Map<string, FloatTensor>, hardware: Executable['hardware']) {
    this.#graph = graph;
    this.#parameters = parameters;
    this.hardware = { ...hardware, weightDtype: 'float32', kvCacheDtype: 'float32' } as const;
  }

  createState(options: StateOptions): State {
    if (this.#isDisposed) throw new TypeError('the executable was disposed');
    const state: ReferenceState = new ReferenceState(options, () => this.#states.delete(state));
    this.#states.add(state);
    return state;
  }

  async run(state: State, step: Step, { signal }: { signal?: AbortSignal } = {}): Promise<StepResult> {
    if (!(state instanceof ReferenceState) || !this.#states.has(state))
      throw new TypeError('the state was disposed, or belongs to another executable');
    signal?.throwIfAborted();
    checkStep(state, step, { bounds: indexBounds(this.#graph), ...state.options });
    state.checkRoom(step.tokens.length);
    const tapped = (step.want.taps ?? []).map((scope) => ({ scope, value: tapValue(this.#graph, scope) }));
    const logitRows = step.want.logits ?? new Int32Array();
    const sizes = { N: step.tokens.length, R: logitRows.length };
    const vector = (data: Int32Array): IntTensor => ({ dtype: 'int32', shape: [data.length], data });
    const { slot, cacheIndex } = cachePlaces(state, step);
    const values = evaluate(this.#graph, {
      inputs: {
        tokens: vector(step.tokens),
        positions: { dtype: 'int32', shape: [1, sizes.N], data: step.positions },
        slot: vector(slot),
        cacheIndex: vector(cacheIndex),
        logitRows: vector(logitRows),
      },
      parameter: (name) => floats(this.#parameters.get(name)),
      state,
      sizes,
    });
    state.advance(step);
    const { logits } = this.#graph.outputs;
    const result = (name: string) => floats(values.get(name) ?? this.#parameters.get(name));
    return {
      mode: this.mode,
      logits: logits === undefined || sizes.R === 0 ? null : result(logits),
      taps: Object.fromEntries(tapped.map(({ scope, value }) => [scope, result(value)])),
    };
  }

  memory(): MemoryReport {
    const ownWeights = [...this.#parameters.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    return { mappedWeights: 0, ownWeights, states: 0, compute: 0 };
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    this.#states.clear();
    this.#parameters.clear();
  }
}
