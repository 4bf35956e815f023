import { LogitsError } from './logits-error.ts';

/** Id of the largest logit, the lowest of equals. @throws LogitsError for NaN, +Infinity, or nothing above -Infinity. */
export function argmax(logits: Float32Array | Float64Array): number {
  let [best, max] = [-1, Number.NEGATIVE_INFINITY];
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id] ?? Number.NaN;
    // Asked this way around, NaN is caught, too.
    if (!(logit < Number.POSITIVE_INFINITY)) throw new LogitsError({ tokenId: id, logit });
    if (logit > max) {
      max = logit;
      best = id;
    }
  }
  if (best < 0) throw new LogitsError({ tokenId: null });
  return best;
}
