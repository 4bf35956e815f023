import { type Graph, type KvCache, kvCachesOf } from '@tttv2/graph';
import { bytesOf, DoesNotFitError, type Dtype, dtypes, UnsupportedHardwareError } from '@tttv2/spec';
import { newArena } from './arena.ts';
import type { Binding } from './binding.ts';
import type { Engine } from './engine.ts';
import { type GgmlDtype, ggmlTypes, isGgmlDtype } from './ggml-type.ts';
import type { Pointer } from './pointer.ts';

/** Keys and values of one attention, or keys alone. Rows are cells; with plain attention values lie transposed. */
export interface LayerCache {
  keys: Pointer;
  /** null: there are keys alone. */
  values: Pointer | null;
  numKvHeads: number;
  cells: number;
  elementBytes: number;
  headBytes: number;
  rowBytes: number;
}

/** What plain attention can read; flash attention reads whole blocks of the other two as well. */
const plainDtypes: readonly Dtype[] = ['float32', 'float16', 'bfloat16'];
const flashDtypes: readonly Dtype[] = [...plainDtypes, 'q8_0', 'q4_0'];

/** @throws UnsupportedHardwareError when ggml cannot store or read a cache of the graph. */
export function checkCaches(
  graph: Graph,
  { device, kvCacheDtype, useFlashAttention }: { device: string; kvCacheDtype: Dtype; useFlashAttention: boolean },
): void {
  for (const [name, { headDim, stored }] of kvCachesOf(graph)) {
    const dtype = stored ?? kvCacheDtype;
    const refuse = (reason: string) => {
      const message = `${device}: kvCacheDtype "${dtype}" of ${name} ${reason}`;
      throw new UnsupportedHardwareError({ device, field: 'kvCacheDtype', message });
    };
    if (!flashDtypes.includes(dtype)) refuse(`is not one of ${flashDtypes.join(', ')}: use "float16"`);
    // Plain attention keeps values transposed, which splits blocks.
    if (!useFlashAttention && !plainDtypes.includes(dtype)) refuse('needs useFlashAttention: set it, or use "float16"');
    const { elements } = dtypes[dtype];
    if (headDim % elements !== 0) refuse(`packs ${elements} numbers, but a head has ${headDim}: use "float16"`);
  }
}

/** The native memory of all caches of a graph, for one state. */
export class KvCacheMemory {
  readonly layers: ReadonlyMap<string, LayerCache>;
  readonly bytes: number;
  readonly #engine: Engine;
  readonly #arena: Pointer;
  readonly #buffer: Pointer | null;

  /** @throws DoesNotFitError when there is no memory for it. */
  constructor(engine: Engine, graph: Graph, cells: number, defaultDtype: GgmlDtype) {
    const { g } = engine;
    const states = kvCachesOf(graph);
    this.#engine = engine;
    this.#arena = newArena(g, 2 * states.length);
    this.layers = new Map(
      states.map(([name, state]) => [name, layerCache(g, this.#arena, state, cells, defaultDtype)]),
    );
    const wanted = [...this.layers.values()].reduce(
      (sum, { rowBytes, values }) => sum + (values === null ? 1 : 2) * rowBytes * cells,
      0,
    );
    this.#buffer = states.length === 0 ? null : g.allocCtxTensors(this.#arena, engine.backend);
    if (states.length > 0 && this.#buffer === null) {
      g.free(this.#arena);
      throw new DoesNotFitError({
        message: `no memory for a cache of ${wanted} bytes: ask for a shorter context`,
        wanted,
        available: 0,
        unit: 'bytes',
      });
    }
    // Masked cells are read too, and times zero: a stray NaN would spread.
    if (this.#buffer !== null) g.bufferClear(this.#buffer, 0);
    this.bytes = this.#buffer === null ? 0 : g.bufferGetSize(this.#buffer);
  }

  free(): void {
    const { g } = this.#engine;
    if (this.#buffer !== null) g.bufferFree(this.#buffer);
    g.free(this.#arena);
  }
}

/** The tensors of a cache, without memory. */
export function layerCache(
  g: Binding,
  arena: Pointer,
  { numKvHeads, headDim, hasValues, stored }: KvCache,
  cells: number,
  defaultDtype: GgmlDtype,
): LayerCache {
  const dtype = stored !== null && isGgmlDtype(stored) ? stored : defaultDtype;
  const tensor = () => g.newTensor4d(arena, ggmlTypes[dtype], numKvHeads * headDim, cells, 1, 1);
  return {
    keys: tensor(),
    values: hasValues ? tensor() : null,
    numKvHeads,
    cells,
    elementBytes: bytesOf(dtype, [1]),
    headBytes: bytesOf(dtype, [headDim]),
    rowBytes: bytesOf(dtype, [numKvHeads * headDim]),
  };
}
