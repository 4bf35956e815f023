import { argmax } from './argmax.ts';
import { keepMinP, keepTopK, keepTopP } from './filters.ts';
import { penalise } from './penalise.ts';
import { checkSampling, type Sampling } from './sampling.ts';
import { sum } from './sum.ts';
import type { TokenHistory } from './token-history.ts';
import { uniformNumbers } from './uniform-numbers.ts';

/** Chooses the tokens of one sequence, one after the other. Its random numbers are its own. */
export class Sampler {
  readonly #sampling: Sampling;
  readonly #uniform: () => number;

  /** @throws RequestError that names the setting that is out of range. */
  constructor(sampling: Sampling) {
    checkSampling(sampling);
    this.#sampling = sampling;
    this.#uniform = uniformNumbers(sampling.seed);
  }

  /** The next token from logits `[V]`, which stay as they are. @throws LogitsError when they allow none. */
  next(logits: Float32Array, history: TokenHistory): number {
    const { temperature, topK, topP, minP } = this.#sampling;
    const scores = new Float64Array(logits);
    penalise(scores, history, this.#sampling);
    const likeliest = argmax(scores);
    if (temperature === 0) return likeliest;
    // A temperature leaves the order as it is, so top-k may go before it, and spares most exponentials.
    if (topK > 0) keepTopK(scores, topK);
    const weights = weigh(scores, scores[likeliest] ?? 0, temperature);
    if (topP < 1) keepTopP(weights, topP);
    if (minP > 0) keepMinP(weights, minP);
    return draw(weights, this.#uniform());
  }
}

/** Turns logits into probabilities up to a common factor: that of the largest becomes 1, so that none overflows. */
function weigh(logits: Float64Array, max: number, temperature: number): Float64Array {
  for (let id = 0; id < logits.length; id++) logits[id] = Math.exp(((logits[id] ?? 0) - max) / temperature);
  return logits;
}

/** The id at which the running sum of the weights passes the `uniform` part of their total. */
function draw(weights: Float64Array, uniform: number): number {
  const target = uniform * sum(weights);
  let [passed, drawn] = [0, 0];
  for (let id = 0; id < weights.length && passed <= target; id++) {
    const weight = weights[id] ?? 0;
    if (weight === 0) continue;
    passed += weight;
    drawn = id;
  }
  return drawn;
}
