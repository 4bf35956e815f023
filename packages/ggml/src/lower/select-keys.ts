import { at, type Lowering } from '../lowering.ts';

/**
 * Legend: N tokens, H heads, d their dimension, S visible cells, k selected of them. ggml sizes stand fastest first.
 *
 *     q[d, H, N] weights[H, N] ──────────┐
 *     k[d, N] ─ set_rows ─ cache ────────┴─ scores[S, N] ─ top k ─ cells[k, N] ─▶ mask[S, N]
 *
 * What the graph has as indexes of tokens is here, for the attention that reads it, the mask that lets them through. Of fewer
 * cells than are to be selected all are: nothing need be scored.
 */
export const selectKeys: Lowering<'select_keys'> = (context, { attrs }, inputs) => {
  const { g, arena, visibleCells } = context;
  const [q, k, weights] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
  const [tokens = 1, , dim = 1] = q.shape;
  const cache = context.cache(attrs.state);
  const sight = { window: null, chunk: null };
  // As in attention: only the order of expansion puts the writes before the reads.
  context.expand(q.tensor);
  context.expand(g.setRows(arena, cache.keys, k.tensor, context.cellRows()));
  const all = context.mask(sight, 'float32');
  if (attrs.topK >= visibleCells) return all;
  const { rowBytes } = cache;
  const keys = g.view4d(arena, cache.keys, dim, 1, visibleCells, 1, rowBytes, rowBytes, rowBytes * visibleCells, 0);
  const scores = g.lightningIndexer(arena, q.tensor, keys, weights.tensor, context.mask(sight, 'float16'));
  const cells = g.topK(arena, scores, attrs.topK);
  const causal = g.reshape4d(arena, all, 1, visibleCells, tokens, 1);
  const nothing = g.fill(arena, causal, Number.NEGATIVE_INFINITY);
  const open = g.setRows(arena, nothing, g.getRows(arena, causal, cells), cells);
  return g.reshape4d(arena, open, visibleCells, tokens, 1, 1);
};
