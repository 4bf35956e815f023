/** How well tokens were predicted. */
export interface Scores {
  /** Predictions. */
  tokens: number;
  /** Mean of `-ln p` of the tokens that came. */
  negativeLogLikelihood: number;
  /** `e` to the power of it. */
  perplexity: number;
  /** Standard error of the perplexity, from how much the tokens differ: `perplexity · √(variance / (tokens - 1))`. */
  perplexityError: number;
  /** Of the tokens that came, the part that was the likeliest. */
  top1: number;
  /** And the part that was among the five likeliest. */
  top5: number;
}

/** Compares logits with the tokens that came. */
export class PredictionScores {
  #tokens = 0;
  #loss = 0;
  #squares = 0;
  #top1 = 0;
  #top5 = 0;

  /** `logits` [V] and the token that followed. Of equal logits that of the smaller id is the likelier, as in greedy choice. */
  add(logits: Float32Array, id: number): void {
    const own = logits[id] ?? Number.NaN;
    let [rank, max] = [0, Number.NEGATIVE_INFINITY];
    for (let i = 0; i < logits.length; i++) {
      const logit = logits[i] ?? Number.NaN;
      if (logit > own || (logit === own && i < id)) rank++;
      if (logit > max) max = logit;
    }
    let total = 0;
    for (let i = 0; i < logits.length; i++) total += Math.exp((logits[i] ?? Number.NaN) - max);
    const loss = Math.log(total) + max - own;
    this.#tokens += 1;
    this.#loss += loss;
    this.#squares += loss * loss;
    if (rank < 1) this.#top1 += 1;
    if (rank < 5) this.#top5 += 1;
  }

  get scores(): Scores {
    const tokens = this.#tokens;
    const negativeLogLikelihood = this.#loss / tokens;
    const perplexity = Math.exp(negativeLogLikelihood);
    const variance = Math.max(0, this.#squares / tokens - negativeLogLikelihood ** 2);
    const perplexityError = perplexity * Math.sqrt(variance / (tokens - 1));
    const [top1, top5] = [this.#top1 / tokens, this.#top5 / tokens];
    return { tokens, negativeLogLikelihood, perplexity, perplexityError, top1, top5 };
  }
}
