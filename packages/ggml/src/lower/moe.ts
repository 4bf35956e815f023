import { moeInputs } from '@tttv2/graph';
import { at, type Lowered, type Lowering, type LoweringContext } from '../lowering.ts';
import type { Pointer } from '../pointer.ts';
import { activate } from './activation.ts';
import { activated } from './glu.ts';

/**
 * Legend: N tokens, D hidden, I inner, E experts, k chosen of them. ggml sizes stand fastest first.
 *
 *     logits[E, N] ─ scores ─ top k ─┬─ ids[k, N] ────────────────┐
 *                                    └─ weights[1, k, N] ────────────────────────┐
 *     x[D, 1, N] ─ (gate,) up of the chosen ─ [I, k, N] ─ down ─ [D, k, N] ─ · ─ Σ ─ [D, N]
 */
export const moe: Lowering<'moe'> = (context, { attrs, inputs: names }, inputs) => {
  const { g, arena } = context;
  const x = at(inputs, 0);
  const [tokens = 1, width = 1] = x.shape;
  const { matrices, selection, biases, expertScale } = moeInputs(attrs, inputs);
  const { ids, weights } = route(context, attrs, at(inputs, 1), { selection, expertScale });
  const one = g.reshape4d(arena, x.tensor, width, 1, tokens, 1);
  const isOfInput = attrs.scored === 'inputs';
  const token = isOfInput ? g.mul(arena, g.repeat4d(arena, one, width, attrs.topK, tokens, 1), weights) : one;
  /** By the last matrix of each expert (1), the last but one (2), or the gate before it (3). */
  const chosen = (fromEnd: number, value: Pointer) => {
    const index = 2 + matrices.length - fromEnd;
    const product = g.mulMatId(arena, context.repacked(names[index] ?? '') ?? at(inputs, index).tensor, value, ids);
    const bias = biases?.at(-fromEnd);
    return bias === undefined ? product : g.addId(arena, product, bias.tensor, ids);
  };
  const inner = innerValues(context, attrs, (fromEnd) => chosen(fromEnd, token));
  const given = chosen(1, inner);
  const results = isOfInput ? given : g.mul(arena, given, weights);
  return sumChosen(context, results, { width, tokens, topK: attrs.topK });
};

/** What the chosen experts multiply by their last matrix. */
function innerValues(context: LoweringContext, attrs: Attrs, of: (fromEnd: number) => Pointer): Pointer {
  if (!attrs.gated) return activate(context, attrs.fn, of(2));
  const opened = bounded(context, attrs, of(3), of(2));
  return activated(context, attrs.fn, opened.gate, opened.up);
}

/** Both are results that nobody else reads: ggml's clamp writes over its operand. */
function bounded({ g, arena }: LoweringContext, { limit, upOffset }: Attrs, gate: Pointer, up: Pointer) {
  const raised = (of: Pointer) => (upOffset === 0 ? of : g.scaleBias(arena, of, 1, upOffset));
  if (limit === null) return { gate, up: raised(up) };
  return { gate: g.clamp(arena, gate, Number.NEGATIVE_INFINITY, limit), up: raised(g.clamp(arena, up, -limit, limit)) };
}

interface Routes {
  /** Chosen experts, int32 `[k, N]`. */
  ids: Pointer;
  /** What their results are multiplied by, `[1, k, N]`. */
  weights: Pointer;
}

type Attrs = Parameters<Lowering<'moe'>>[1]['attrs'];

function route(
  context: LoweringContext,
  attrs: Attrs,
  logits: Lowered,
  { selection: bias, expertScale }: { selection: Lowered | null; expertScale: Lowered | null },
): Routes {
  const { g, arena } = context;
  const { topK, score, order, normalize, scale, groups } = attrs;
  const [tokens = 1, experts = 1] = logits.shape;
  const all = order === 'score_then_topk' ? scores(context, score, logits.tensor) : logits.tensor;
  const merits = bias === null ? all : g.add(arena, all, bias.tensor);
  const open = groups === null ? merits : ofBestGroups(context, groups, merits, { tokens, experts });
  const ids = g.argsortTopK(arena, open, topK);
  const picked = g.getRows(arena, g.reshape4d(arena, all, 1, experts, tokens, 1), ids);
  const flat = g.reshape4d(arena, picked, topK, tokens, 1, 1);
  const scored = order === 'score_then_topk' ? flat : scores(context, score, flat);
  const shares = normalize ? g.div(arena, scored, g.sumRows(arena, scored)) : scored;
  const scaled = scale === 1 ? shares : g.scaleBias(arena, shares, scale, 0);
  const shares3d = g.reshape4d(arena, scaled, 1, topK, tokens, 1);
  if (expertScale === null) return { ids, weights: shares3d };
  const ofTokens = g.repeat4d(arena, g.reshape4d(arena, expertScale.tensor, 1, experts, 1, 1), 1, experts, tokens, 1);
  return { ids, weights: g.mul(arena, shares3d, g.getRows(arena, ofTokens, ids)) };
}

/** The merits `[E, N]` of experts of the best groups; -∞ for the others. */
function ofBestGroups(
  { g, arena }: LoweringContext,
  { count, chosen, score }: NonNullable<Attrs['groups']>,
  merits: Pointer,
  { tokens, experts }: { tokens: number; experts: number },
): Pointer {
  const [size, best] = [experts / count, score === 'max' ? 1 : 2];
  const grouped = g.reshape4d(arena, merits, size, count, tokens, 1);
  const members = g.reshape4d(arena, merits, 1, size, count, tokens);
  const topOfEach = g.getRows(arena, members, g.argsortTopK(arena, grouped, best)); // [1, best, groups, N]
  const sums = g.sumRows(arena, g.reshape4d(arena, topOfEach, best, count, tokens, 1));
  const ids = g.argsortTopK(arena, g.reshape4d(arena, sums, count, tokens, 1, 1), chosen);
  const nothing = g.fill(arena, grouped, Number.NEGATIVE_INFINITY);
  const open = g.setRows(arena, nothing, g.getRows(arena, grouped, ids), ids);
  return g.reshape4d(arena, open, experts, tokens, 1, 1);
}

function scores({ g, arena }: LoweringContext, score: Attrs['score'], logits: Pointer): Pointer {
  return score === 'softmax' ? g.softMaxExt(arena, logits, null, 1, 0) : g.sigmoid(arena, logits);
}

/** `[D, k, N]` summed over the chosen: a view of each, which ggml adds faster than it permutes. */
function sumChosen(
  { g, arena }: LoweringContext,
  results: Pointer,
  { width, tokens, topK }: { width: number; tokens: number; topK: number },
): Pointer {
  const row = width * Float32Array.BYTES_PER_ELEMENT;
  const view = (i: number) =>
    g.view4d(arena, results, width, tokens, 1, 1, row * topK, row * topK * tokens, row * topK * tokens, i * row);
  if (topK === 1) return g.reshape4d(arena, results, width, tokens, 1, 1);
  return Array.from({ length: topK - 1 }, (_, i) => view(i + 1)).reduce((sum, one) => g.add(arena, sum, one), view(0));
}
