import type { LayerCache } from '../kv-cache.ts';
import { at, type Lowering, type LoweringContext } from '../lowering.ts';
import type { Pointer } from '../pointer.ts';

const float32Accumulation = 10; // GGML_PREC_F32

/**
 * Legend: N tokens, H heads, K KV heads, h head dim, S visible cells. ggml sizes stand fastest first.
 *
 *     q[h, H, N] ──────────────────┐
 *     k[h, K, N] ─ set_rows ─ cache ┼─ softmax(q·k) · v ─▶ [h, H, N]
 *     v[h, K, N] ─ set_rows ─ cache ┘
 */
export const attention: Lowering<'attention'> = (context, { attrs }, inputs) => {
  const { g, arena, useFlashAttention } = context;
  const [q, k, v] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
  const [tokens = 1, heads = 1, headDim = 1] = q.shape;
  const cache = context.cache(attrs.state);
  const width = cache.numKvHeads * headDim;
  // Reads view the cache, not the result of the writes: only the order of expansion puts the writes first.
  context.expand(q.tensor);
  context.expand(g.setRows(arena, cache.keys, g.reshape4d(arena, k.tensor, width, tokens, 1, 1), context.cellRows()));
  context.expand(writeValues(context, cache, v.tensor, width, tokens));
  const turned = g.permute(arena, q.tensor, 0, 2, 1, 3); // [h, N, H]
  const mask = context.mask(attrs.window);
  return useFlashAttention
    ? flash(context, cache, turned, mask, attrs.scale, headDim)
    : plain(context, cache, turned, mask, attrs.scale, { headDim, heads, tokens });
};

/** Flash attention reads values as they come; the plain product wants them transposed. */
function writeValues(context: LoweringContext, cache: LayerCache, v: Pointer, width: number, tokens: number): Pointer {
  const { g, arena } = context;
  if (context.useFlashAttention)
    return g.setRows(arena, cache.values, g.reshape4d(arena, v, width, tokens, 1, 1), context.cellRows());
  const numbers = g.reshape4d(arena, cache.values, 1, width * cache.cells, 1, 1);
  return g.setRows(arena, numbers, g.reshape4d(arena, v, 1, width * tokens, 1, 1), context.transposedRows(width));
}

function flash(
  { g, arena, visibleCells }: LoweringContext,
  cache: LayerCache,
  q: Pointer,
  mask: Pointer,
  scale: number,
  headDim: number,
): Pointer {
  const { numKvHeads, rowBytes, headBytes } = cache;
  const view = (of: Pointer) =>
    g.view4d(arena, of, headDim, visibleCells, numKvHeads, 1, rowBytes, headBytes, rowBytes * cache.cells, 0);
  const out = g.flashAttnExt(arena, q, view(cache.keys), view(cache.values), mask, scale, 0, 0);
  g.precSetAcc(out, float32Accumulation);
  return out;
}

function plain(
  { g, arena, visibleCells }: LoweringContext,
  cache: LayerCache,
  q: Pointer,
  mask: Pointer,
  scale: number,
  { headDim, heads, tokens }: { headDim: number; heads: number; tokens: number },
): Pointer {
  const { numKvHeads, rowBytes, headBytes, elementBytes, cells } = cache;
  const keys = g.view4d(
    arena,
    cache.keys,
    headDim,
    visibleCells,
    numKvHeads,
    1,
    rowBytes,
    headBytes,
    rowBytes * cells,
    0,
  );
  const column = elementBytes * cells;
  const values = g.view4d(
    arena,
    cache.values,
    visibleCells,
    headDim,
    numKvHeads,
    1,
    column,
    column * headDim,
    column * headDim * numKvHeads,
    0,
  );
  const scores = g.mulMat(arena, keys, q); // [S, N, H]; heads are broadcast over KV heads
  g.precSetAcc(scores, float32Accumulation);
  const mixed = g.mulMat(arena, values, g.softMaxExt(arena, scores, mask, scale, 0)); // [h, N, H]
  return g.reshape4d(arena, g.cont(arena, g.permute(arena, mixed, 0, 2, 1, 3)), headDim, heads, tokens, 1);
}
