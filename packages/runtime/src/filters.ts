import { idsAbove, splitByRank } from './split-by-rank.ts';
import { sum } from './sum.ts';

/** Makes all but the k largest logits impossible. */
export function keepTopK(logits: Float64Array, k: number): void {
  const ids = idsAbove(logits, Number.NEGATIVE_INFINITY);
  for (const id of splitByRank(logits, ids, () => 1, k).rest) logits[id] = Number.NEGATIVE_INFINITY;
}

/** Zeroes all but the fewest weights, largest first, that together are at least `p` of all. */
export function keepTopP(weights: Float64Array, p: number): void {
  const weightOf = (id: number) => weights[id] ?? 0;
  for (const id of splitByRank(weights, idsAbove(weights, 0), weightOf, p * sum(weights)).rest) weights[id] = 0;
}

/** Zeroes weights below `minP` of the largest, which is 1. */
export function keepMinP(weights: Float64Array, minP: number): void {
  for (let id = 0; id < weights.length; id++) if ((weights[id] ?? 0) < minP) weights[id] = 0;
}
