import { activationTypeSchema } from '@tttv2/spec';
import { z } from 'zod';
import { defineOp, expect } from '../op.ts';
import { type FloatTensor, floats, floatTensor } from '../tensor.ts';
import { activationFunctions } from './activation.ts';

const attrs = z.strictObject({
  /** Experts that see a token. */
  topK: z.number().int().positive(),
  /** Activation of the experts' gates, or of their only inner values. */
  fn: activationTypeSchema,
  /** Experts have a gate beside what it opens. */
  gated: z.boolean(),
  /** What router logits are turned into: probabilities over all experts, or each by itself. */
  score: z.enum(['softmax', 'sigmoid']),
  /** `score_then_topk`: the best of the scores. `topk_then_score`: scores of the best logits among themselves. */
  order: z.enum(['score_then_topk', 'topk_then_score']),
  /** The chosen scores are divided by their sum. */
  normalize: z.boolean(),
  /** Multiplies the chosen scores, after that. */
  scale: z.number(),
  /**
   * Experts in `count` groups of neighbours, of which the best `chosen` may be chosen from: by their best expert, or by the
   * sum of their best two (arXiv:2412.19437); null: from all.
   */
  groups: z
    .strictObject({
      count: z.number().int().positive(),
      chosen: z.number().int().positive(),
      score: z.enum(['max', 'top2_sum']),
    })
    .nullable(),
  /** Bounds an expert's gate from above, and its up both ways, after their biases; null where nothing is bounded. */
  limit: z.number().positive().nullable(),
  /** Added to up after that. */
  upOffset: z.number(),
  /** What the scores multiply: what the experts give, or what they see. */
  scored: z.enum(['outputs', 'inputs']).default('outputs'),
  /** The last input is a number for each expert, which multiplies its score where it is chosen, at last. */
  hasExpertScale: z.boolean().default(false),
});
export type MoeAttrs = z.output<typeof attrs>;

/**
 * A mixture of experts (arXiv:1701.06538): of `E` experts the router's best `topK` see each token, and their results are
 * summed by its scores, or what they see is multiplied by them. `x[N, D] logits[N, E] gate[E, I, D] up[E, I, D] down[E, D, I] (bias[E]) (gate[E, I] up[E, I] down[E, D]) (scale[E]) → [N, D]`;
 * the bias is added to the scores for the choice alone (arXiv:2408.15664), the next three to what the experts' matrices
 * give. Experts that are not gated have no gate, and no bias of one. Which of equal experts are chosen is not said.
 */
export const moe = defineOp({
  name: 'moe',
  kind: 'primitive',
  attrs,
  rowwise: true,
  infer(moeAttrs, inputs) {
    const { topK, groups, gated, limit, upOffset } = moeAttrs;
    const matrices = gated ? 3 : 2;
    const ofScale = moeAttrs.hasExpertScale ? 1 : 0;
    expect.count(inputs, 2 + matrices + ofScale, 3 + 2 * matrices + ofScale);
    if (inputs.length === 7 + ofScale && gated)
      throw new Error('takes no biases of experts, or one for each of gate, up and down');
    if (!gated && (limit !== null || upOffset !== 0))
      throw new Error('bounds and raises what a gate opens, and has none');
    const x = expect.input(inputs, 0, 'float32', 2);
    const [rows, width] = x.shape;
    const logits = expect.input(inputs, 1, 'float32', 2);
    const [, experts] = logits.shape;
    expect.shape(logits, 1, [rows, experts]);
    const [, inner] = expect.input(inputs, 2, 'float32', 3).shape;
    const of = moeInputs(moeAttrs, [...inputs.keys()]);
    of.matrices.forEach((index, i) => {
      const isDown = i === matrices - 1;
      expect.shape(expect.input(inputs, index), index, [experts, ...(isDown ? [width, inner] : [inner, width])]);
    });
    for (const index of [of.selection, of.expertScale])
      if (index !== null) expect.shape(expect.input(inputs, index), index, [experts]);
    of.biases?.forEach((index, i) => {
      expect.shape(expect.input(inputs, index), index, [experts, i < matrices - 1 ? inner : width]);
    });
    if ([experts, inner, width].some((dim) => typeof dim !== 'number'))
      throw new Error('experts must be of fixed size');
    if (topK > Number(experts)) throw new Error(`${topK} of ${experts} experts cannot be chosen`);
    if (groups !== null) checkGroups(groups, topK, Number(experts));
    return x;
  },
  evaluate(moeAttrs, inputs) {
    const [x, logits] = [floats(inputs[0]), floats(inputs[1])];
    const of = moeInputs(moeAttrs, inputs.map(floats));
    const bias = of.selection?.data ?? null;
    const [, width = 1] = x.shape;
    const [, experts = 1] = logits.shape;
    const rows = Array.from({ length: x.shape[0] ?? 0 }, (_, row) => {
      const chosen = route(moeAttrs, logits.data.subarray(row * experts, (row + 1) * experts), bias).map(
        ({ expert, score }) => ({ expert, score: score * (of.expertScale?.data[expert] ?? 1) }),
      );
      const token = x.data.subarray(row * width, (row + 1) * width);
      const results = chosen.map(({ expert, score }) => {
        const isOfInput = moeAttrs.scored === 'inputs';
        const seen = isOfInput ? token.map((value) => value * score) : token;
        return { score: isOfInput ? 1 : score, values: runExpert(moeAttrs, of, expert, seen) };
      });
      return Array.from({ length: width }, (_, i) =>
        results.reduce((sum, { score, values }) => sum + score * (values[i] ?? 0), 0),
      );
    });
    return floatTensor(x.shape, (i) => rows[Math.floor(i / width)]?.[i % width] ?? 0);
  },
});

function checkGroups({ count, chosen, score }: NonNullable<MoeAttrs['groups']>, topK: number, experts: number): void {
  const size = experts / count;
  if (!Number.isInteger(size)) throw new Error(`${experts} experts are not ${count} groups of one size`);
  if (chosen > count) throw new Error(`${chosen} of ${count} groups cannot be chosen`);
  if (topK > chosen * size) throw new Error(`${topK} experts cannot be chosen from ${chosen} groups of ${size}`);
  if (score === 'top2_sum' && size < 2) throw new Error('groups of one expert have no best two');
}

/** The experts of a token and what their results are multiplied by. */
function route(
  { topK, score, order, normalize, scale, groups }: MoeAttrs,
  logits: Float32Array,
  bias: Float32Array | null,
): { expert: number; score: number }[] {
  const all = order === 'score_then_topk' ? scoresOf(score, [...logits]) : [...logits];
  const merits = all.map((merit, expert) => merit + (bias?.[expert] ?? 0));
  const candidates = groups === null ? [...merits.keys()] : expertsOfBestGroups(groups, merits);
  const best = candidates.sort((a, b) => (merits[b] ?? 0) - (merits[a] ?? 0) || a - b).slice(0, topK);
  const chosen = best.map((expert) => all[expert] ?? 0);
  const scores = order === 'score_then_topk' ? chosen : scoresOf(score, chosen);
  const sum = normalize ? scores.reduce((total, one) => total + one, 0) : 1;
  return best.map((expert, i) => ({ expert, score: ((scores[i] ?? 0) / sum) * scale }));
}

function expertsOfBestGroups(
  { count, chosen, score }: NonNullable<MoeAttrs['groups']>,
  merits: readonly number[],
): number[] {
  const size = merits.length / count;
  const experts = (group: number) => Array.from({ length: size }, (_, i) => group * size + i);
  const groupMerits = Array.from({ length: count }, (_, group) => {
    const [first = 0, second = 0] = experts(group)
      .map((expert) => merits[expert] ?? 0)
      .sort((a, b) => b - a);
    return score === 'max' ? first : first + second;
  });
  const best = [...groupMerits.keys()].sort((a, b) => (groupMerits[b] ?? 0) - (groupMerits[a] ?? 0) || a - b);
  return best.slice(0, chosen).flatMap(experts);
}

function scoresOf(score: MoeAttrs['score'], logits: readonly number[]): number[] {
  if (score === 'sigmoid') return logits.map((logit) => 1 / (1 + Math.exp(-logit)));
  const max = Math.max(...logits);
  const exponentials = logits.map((logit) => Math.exp(logit - max));
  const sum = exponentials.reduce((total, one) => total + one, 0);
  return exponentials.map((one) => one / sum);
}

/** The inputs after x and logits by what they are. */
export interface MoeInputs<T> {
  /** Gates, where there are any; ups; downs. */
  matrices: T[];
  /** The bias of the choice. */
  selection: T | null;
  /** Those of the matrices, in the same order. */
  biases: T[] | null;
  /** What the result of each expert is multiplied by. */
  expertScale: T | null;
}

export function moeInputs<T>(
  { gated, hasExpertScale }: Pick<MoeAttrs, 'gated' | 'hasExpertScale'>,
  inputs: readonly T[],
): MoeInputs<T> {
  const count = gated ? 3 : 2;
  const [expertScale = null] = hasExpertScale ? inputs.slice(-1) : [];
  const others = inputs.slice(2 + count, hasExpertScale ? -1 : undefined);
  const hasBiases = others.length >= count;
  const [selection = null] = hasBiases ? others.slice(0, -count) : others;
  const biases = hasBiases ? others.slice(-count) : null;
  return { matrices: inputs.slice(2, 2 + count), selection, biases, expertScale };
}

/** True for the input of a mixture that is a matrix of each expert. */
export function isExpertMatrix(gated: boolean, input: number): boolean {
  return input >= 2 && input < (gated ? 5 : 4);
}

/** `down(fn(gate x) · (up x + offset))` of one expert and one token, or `down(fn(up x))`. */
function runExpert(
  { fn, limit, upOffset }: MoeAttrs,
  { matrices, biases }: MoeInputs<FloatTensor>,
  expert: number,
  token: Float32Array,
): number[] {
  const [down, up, gate] = [-1, -2, -3].map((i) => product(matrices.at(i), biases?.at(i), expert));
  const activate = activationFunctions[fn];
  const ups = up?.(token) ?? [];
  const most = limit ?? Number.POSITIVE_INFINITY;
  const opened = ups.map((value) => Math.min(Math.max(value, -most), most) + upOffset);
  const gates = matrices.length === 3 ? gate?.(token) : undefined;
  const inner = gates?.map((value, i) => activate(Math.min(value, most)) * (opened[i] ?? 0)) ?? ups.map(activate);
  return down?.(Float32Array.from(inner)) ?? [];
}

/** Multiplication by one expert's matrix, and its bias. */
function product(
  weights: FloatTensor | undefined,
  biases: FloatTensor | undefined,
  expert: number,
): (x: Float32Array) => number[] {
  const [, outputs = 0, width = 0] = weights?.shape ?? [];
  return (x) =>
    Array.from({ length: outputs }, (_, output) => {
      const row = expert * outputs + output;
      const bias = biases?.data[row] ?? 0;
      return x.reduce((sum, value, k) => sum + value * (weights?.data[row * width + k] ?? 0), bias);
    });
}
