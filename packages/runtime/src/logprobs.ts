import { argmax } from './argmax.ts';
import { idsAbove, ranksBefore, splitByRank } from './split-by-rank.ts';

export interface TokenLogprob {
  id: number;
  /** Natural logarithm of the probability that the model gives the token. */
  logprob: number;
}

/** What the model thought of a token, before penalties, temperature and filters. */
export interface Logprobs extends TokenLogprob {
  /** The most likely tokens, most likely first; impossible ones are left out. */
  top: TokenLogprob[];
}

/** `logit - log Σ exp(logits)` (log-softmax) of token `id` and of the `count` likeliest. @throws LogitsError */
export function logprobsOf(logits: Float32Array, id: number, count: number): Logprobs {
  const max = logits[argmax(logits)] ?? 0;
  // The largest is taken out first: its exponential alone may overflow.
  const logTotal = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0));
  const logprob = (token: number): TokenLogprob => ({ id: token, logprob: (logits[token] ?? 0) - max - logTotal });
  return { ...logprob(id), top: likeliest(logits, count).map(logprob) };
}

function likeliest(logits: Float32Array, count: number): number[] {
  const { first } = splitByRank(logits, idsAbove(logits, Number.NEGATIVE_INFINITY), () => 1, count);
  return [...first].sort((a, b) => (ranksBefore(logits, a, b) ? -1 : 1));
}
