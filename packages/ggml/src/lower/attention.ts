import { attentionExtras, elementCount, type Sight } from '@tttv2/graph';
import { sizesOf } from '../arena.ts';
import { ggmlTypes } from '../ggml-type.ts';
import type { LayerCache } from '../kv-cache.ts';
import { at, type Lowered, type Lowering, type LoweringContext, type TokenSpan } from '../lowering.ts';
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
  const [tokens = 1, , headDim = 1] = q.shape;
  const cache = context.cache(attrs.state);
  const width = cache.numKvHeads * headDim;
  // Reads view the cache, not the result of the writes: only the order of expansion puts the writes first.
  context.expand(q.tensor);
  context.expand(g.setRows(arena, cache.keys, g.reshape4d(arena, k.tensor, width, tokens, 1, 1), context.cellRows()));
  context.expand(writeValues(context, cache, v.tensor, width, tokens));
  const { scale, softcap } = attrs;
  const { sinks, selection } = attentionExtras(attrs, inputs);
  const logits = { mask: maskOf(context, attrs, selection), scale, softcap, sinks: sinks?.tensor ?? null };
  return useFlashAttention ? flash(context, cache, q, logits) : plain(context, cache, q, logits);
};

/** What each token sees: the selected of those that it would see otherwise. */
function maskOf(context: LoweringContext, sight: Sight, selection: Lowered | null): Pointer {
  const { g, arena, useFlashAttention } = context;
  if (selection === null) return context.mask(sight, useFlashAttention ? 'float16' : 'float32');
  const seesAll = sight.window === null && sight.chunk === null;
  const mask = seesAll ? selection.tensor : g.add(arena, selection.tensor, context.mask(sight, 'float32'));
  return useFlashAttention ? g.cast(arena, mask, ggmlTypes.float16) : mask;
}

/** What becomes of q·k before the softmax. */
interface Logits {
  mask: Pointer;
  scale: number;
  softcap: number | null;
  sinks: Pointer | null;
}

function valuesOf({ values }: LayerCache): Pointer {
  if (values === null) throw new Error('attention needs a cache with values');
  return values;
}

/** Flash attention reads values as they come; the plain product wants them transposed. */
function writeValues(context: LoweringContext, cache: LayerCache, v: Pointer, width: number, tokens: number): Pointer {
  const { g, arena } = context;
  if (context.useFlashAttention)
    return g.setRows(arena, valuesOf(cache), g.reshape4d(arena, v, width, tokens, 1, 1), context.cellRows());
  const numbers = g.reshape4d(arena, valuesOf(cache), 1, width * cache.cells, 1, 1);
  return g.setRows(arena, numbers, g.reshape4d(arena, v, 1, width * tokens, 1, 1), context.transposedRows(width));
}

function flash(
  { g, arena, visibleCells }: LoweringContext,
  cache: LayerCache,
  q: Lowered,
  { mask, scale, softcap, sinks }: Logits,
): Pointer {
  const { numKvHeads, rowBytes, headBytes, cells } = cache;
  const [, , headDim = 1] = q.shape;
  const size = [headDim, visibleCells, numKvHeads, 1] as const;
  const view = (of: Pointer) => g.view4d(arena, of, ...size, rowBytes, headBytes, rowBytes * cells, 0);
  const queries = g.permute(arena, q.tensor, 0, 2, 1, 3); // [h, N, H]
  const out = g.flashAttnExt(arena, queries, view(cache.keys), view(valuesOf(cache)), mask, scale, 0, softcap ?? 0);
  g.flashAttnExtAddSinks(out, sinks);
  g.precSetAcc(out, float32Accumulation);
  return out;
}

/** The product of queries and keys is computed for so many tokens at once that it stays below this. */
const scoreBytes = 8 * 2 ** 20;

/** Parts of even size in which plain attention computes `tokens` tokens. */
export function attentionTiles(tokens: number, heads: number, visibleCells: number): TokenSpan[] {
  const atOnce = Math.max(1, Math.floor(scoreBytes / (4 * heads * visibleCells)));
  const size = Math.ceil(tokens / Math.ceil(tokens / atOnce));
  const count = Math.ceil(tokens / size);
  return Array.from({ length: count }, (_, i) => ({ from: i * size, count: Math.min(size, tokens - i * size) }));
}

function plain(context: LoweringContext, cache: LayerCache, q: Lowered, logits: Logits): Pointer {
  const { g, arena, visibleCells } = context;
  const [tokens = 1, heads = 1, headDim = 1] = q.shape;
  const { numKvHeads, rowBytes, headBytes, elementBytes, cells } = cache;
  const size = [headDim, visibleCells, numKvHeads, 1] as const;
  const keys = g.view4d(arena, cache.keys, ...size, rowBytes, headBytes, rowBytes * cells, 0);
  const column = elementBytes * cells;
  const [head, all] = [column * headDim, column * headDim * numKvHeads];
  const values = g.view4d(arena, valuesOf(cache), visibleCells, headDim, numKvHeads, 1, column, head, all, 0);
  const mixTile = ({ from, count }: TokenSpan): Pointer => {
    const queries = g.permute(arena, rowsOf(context, q, from, count), 0, 2, 1, 3); // [h, N, H]
    const scores = g.mulMat(arena, keys, queries); // [S, N, H]; heads are broadcast over KV heads
    g.precSetAcc(scores, float32Accumulation);
    const seen = rowsOf(context, { tensor: logits.mask, shape: [tokens, visibleCells] }, from, count);
    const mixed = g.mulMat(arena, values, softmax(context, scores, seen, logits)); // [h, N, H]
    return g.reshape4d(arena, g.cont(arena, g.permute(arena, mixed, 0, 2, 1, 3)), headDim, heads, count, 1);
  };
  return attentionTiles(tokens, heads, visibleCells)
    .map(mixTile)
    .reduce((before, tile) => g.concat(arena, before, tile, 2));
}

function softmax(
  { g, arena }: LoweringContext,
  scores: Pointer,
  seen: Pointer,
  { scale, softcap, sinks }: Logits,
): Pointer {
  const weights =
    softcap === null
      ? g.softMaxExt(arena, scores, seen, scale, 0)
      : g.softMaxExt(arena, g.tanh(arena, g.scaleBias(arena, scores, scale / softcap, 0)), seen, softcap, 0);
  g.softMaxAddSinks(weights, sinks);
  return weights;
}

/** Rows `from … from + count` of a float32 tensor; itself when they are all. */
function rowsOf({ g, arena }: LoweringContext, { tensor, shape }: Lowered, from: number, count: number): Pointer {
  if (count === shape[0]) return tensor;
  const [a, b, c] = sizesOf([count, ...shape.slice(1)]);
  const row = 4 * elementCount(shape.slice(1));
  return shape.length === 2
    ? g.view4d(arena, tensor, a, b, 1, 1, row, row * count, row * count, row * from)
    : g.view4d(arena, tensor, a, b, c, 1, 4 * a, row, row * count, row * from);
}
