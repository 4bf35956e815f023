import { elementCount, kvCachesOf, type LocalGraph, type StepSizes } from '@tttv2/graph';
import koffi from 'koffi';
import { newArena, sizesOf } from './arena.ts';
import { type Binding, ggml } from './binding.ts';
import { ComputeGraph, type ComputeSettings } from './compute-graph.ts';
import { type GgmlDtype, ggmlTypes } from './ggml-type.ts';
import { layerCache } from './kv-cache.ts';
import { padded } from './kv-cells.ts';
import { type Pointer, present } from './pointer.ts';

/** A step that is not run. */
export interface PlannedCompute {
  sizes: StepSizes;
  /** Of all sequences, in the cache. */
  totalTokens: number;
  kvCacheDtype: GgmlDtype;
  settings: ComputeSettings;
}

/**
 * Bytes that a state would take to compute such a step, beside its caches: the native graph is built with weights and caches
 * that have no memory, and its allocator asked. The step is of one sequence.
 */
export function activationBytes(graph: LocalGraph, planned: PlannedCompute): number {
  const g = ggml();
  const absent = new AbsentTensors(g, graph, planned);
  const { sizes, totalTokens, settings } = planned;
  const whole = { from: 0, count: sizes.N };
  const plan = {
    ...sizes,
    visibleCells: absent.states.caches.size === 0 ? 0 : padded(totalTokens),
    taps: [],
    spans: [whole],
    runs: absent.states.recurrent.size === 0 ? [] : [{ first: 0, sequences: 1, from: 0, tokens: sizes.N }],
  };
  const native = new ComputeGraph(g, graph, absent.weights, absent.states, plan, settings);
  const bytes = sizeToCompute(g, native.native);
  native.free();
  absent.free();
  return bytes;
}

function sizeToCompute(g: Binding, native: Pointer): number {
  const allocator = present(g.gallocrNew(present(g.cpuBufferType(), 'the type of plain memory')), 'an allocator');
  const result = koffi.alloc('size_t', 1);
  g.gallocrReserveNSize(allocator, native, null, null, result);
  const [bytes = 0n] = new BigUint64Array(koffi.view(result, 8));
  koffi.free(result);
  g.gallocrFree(allocator);
  return Number(bytes);
}

/** Parameters, constants and states of a graph at an address that nobody reads. */
class AbsentTensors {
  readonly weights;
  readonly states;
  readonly #g: Binding;
  readonly #arena: Pointer;
  readonly #buffer: Pointer;

  constructor(g: Binding, graph: LocalGraph, { totalTokens, kvCacheDtype }: PlannedCompute) {
    const caches = kvCachesOf(graph);
    const recurrent = Object.entries(graph.states).filter(([, { kind }]) => kind === 'recurrent');
    const constants = graph.nodes.flatMap((node) =>
      node.op === 'constant' ? [[node.id, node.attrs.shape] as const] : [],
    );
    const shapes = [
      ...Object.entries(graph.parameters).map(([name, { shape }]) => [name, shape] as const),
      ...constants,
    ];
    this.#g = g;
    this.#arena = newArena(g, shapes.length + 2 * caches.length + recurrent.length);
    this.#buffer = present(g.cpuBufferFromPtr(nowhere, Number.MAX_SAFE_INTEGER), 'a buffer of nothing');
    const tensors = new Map(shapes.map(([name, shape]) => [name, this.#absent(shape)]));
    this.weights = { tensors, repacked: new Map<string, Pointer>() };
    this.states = {
      caches: new Map(caches.map(([name, cache]) => [name, this.#cache(cache, padded(totalTokens), kvCacheDtype)])),
      recurrent: new Map(
        Object.entries(graph.states).flatMap(([name, state]) => {
          if (state.kind !== 'recurrent') return [];
          const width = elementCount(state.shape);
          return [[name, { tensor: this.#absent([2, width]), width, rows: 2 }] as const];
        }),
      ),
    };
  }

  free(): void {
    this.#g.bufferFree(this.#buffer);
    this.#g.free(this.#arena);
  }

  #absent(shape: readonly number[]): Pointer {
    const tensor = this.#g.newTensor4d(this.#arena, ggmlTypes.float32, ...sizesOf(shape));
    this.#g.tensorAlloc(this.#buffer, tensor, nowhere);
    return tensor;
  }

  #cache(cache: Parameters<typeof layerCache>[2], cells: number, dtype: GgmlDtype): ReturnType<typeof layerCache> {
    const layer = layerCache(this.#g, this.#arena, cache, cells, dtype);
    for (const tensor of [layer.keys, layer.values])
      if (tensor !== null) this.#g.tensorAlloc(this.#buffer, tensor, nowhere);
    return layer;
  }
}

/** Aligned as ggml wants it; nothing is read there. */
const nowhere = 4096n;
