import { activationTypeSchema } from '@tttv2/spec';
import { z } from 'zod';
import { defineOp, expect } from '../op.ts';
import { type FloatTensor, floats, floatTensor } from '../tensor.ts';
import { activationFunctions } from './activation.ts';

const attrs = z.strictObject({
  /** Experts that see a token. */
  topK: z.number().int().positive(),
  /** Activation of the experts' gates. */
  fn: activationTypeSchema,
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
});
export type MoeAttrs = z.output<typeof attrs>;

/**
 * A mixture of gated experts (arXiv:1701.06538): of `E` experts the router's best `topK` see each token, and their results
 * are summed by its scores. `x[N, D] logits[N, E] gate[E, I, D] up[E, I, D] down[E, D, I] (bias[E]) → [N, D]`; a bias is
 * added to the scores for the choice alone (arXiv:2408.15664). Which of equal experts are chosen is not said.
 */
export const moe = defineOp({
  name: 'moe',
  kind: 'primitive',
  attrs,
  rowwise: true,
  infer({ topK, groups }, inputs) {
    expect.count(inputs, 5, 6);
    const x = expect.input(inputs, 0, 'float32', 2);
    const [rows, width] = x.shape;
    const logits = expect.input(inputs, 1, 'float32', 2);
    const [, experts] = logits.shape;
    expect.shape(logits, 1, [rows, experts]);
    const gate = expect.input(inputs, 2, 'float32', 3);
    const [, inner] = gate.shape;
    expect.shape(gate, 2, [experts, inner, width]);
    expect.shape(expect.input(inputs, 3), 3, gate.shape);
    expect.shape(expect.input(inputs, 4), 4, [experts, width, inner]);
    if (inputs.length === 6) expect.shape(expect.input(inputs, 5), 5, [experts]);
    if ([experts, inner, width].some((dim) => typeof dim !== 'number'))
      throw new Error('experts must be of fixed size');
    if (topK > Number(experts)) throw new Error(`${topK} of ${experts} experts cannot be chosen`);
    if (groups !== null) checkGroups(groups, topK, Number(experts));
    return x;
  },
  evaluate(moeAttrs, inputs) {
    const [x, logits] = [floats(inputs[0]), floats(inputs[1])];
    const bias = inputs[5] === undefined ? null : floats(inputs[5]).data;
    const [, width = 1] = x.shape;
    const [, experts = 1] = logits.shape;
    const rows = Array.from({ length: x.shape[0] ?? 0 }, (_, row) => {
      const chosen = route(moeAttrs, logits.data.subarray(row * experts, (row + 1) * experts), bias);
      const token = x.data.subarray(row * width, (row + 1) * width);
      const results = chosen.map(({ expert, score }) => ({
        score,
        values: runExpert(moeAttrs, inputs.map(floats), expert, token),
      }));
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

/** `down(fn(gate x) · up x)` of one expert and one token. */
function runExpert({ fn }: MoeAttrs, inputs: readonly FloatTensor[], expert: number, token: Float32Array): number[] {
  const [gate, up, down] = [inputs[2], inputs[3], inputs[4]].map((weights) => product(weights, expert));
  const opened = up?.(token) ?? [];
  const inner = gate?.(token).map((value, i) => activationFunctions[fn](value) * (opened[i] ?? 0)) ?? [];
  return down?.(Float32Array.from(inner)) ?? [];
}

/** Multiplication by one expert's matrix. */
function product(weights: FloatTensor | undefined, expert: number): (x: Float32Array) => number[] {
  const [, outputs = 0, width = 0] = weights?.shape ?? [];
  return (x) =>
    Array.from({ length: outputs }, (_, output) => {
      const at = (expert * outputs + output) * width;
      return x.reduce((sum, value, k) => sum + value * (weights?.data[at + k] ?? 0), 0);
    });
}
