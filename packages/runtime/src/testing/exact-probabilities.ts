import type { Sampling } from '../sampling.ts';

export interface Given {
  logits: readonly number[];
  prompt: readonly number[];
  generated: readonly number[];
}

/** The steps from logits to probabilities, so that a test can get one of them wrong. */
export interface Steps {
  penalise: (given: Given, sampling: Sampling) => number[];
  topK: (probabilities: readonly number[], k: number) => number[];
  topP: (probabilities: readonly number[], p: number) => number[];
  minP: (probabilities: readonly number[], p: number) => number[];
}

/** Each step as it is defined, at whatever cost; nothing of it is shared with the sampler. */
export const definition: Steps = {
  penalise: ({ logits, prompt, generated }, { repetitionPenalty, presencePenalty, frequencyPenalty }) =>
    logits.map((logit, id) => {
      const isSeen = prompt.includes(id) || generated.includes(id);
      const repeated = !isSeen ? logit : logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty;
      const count = generated.filter((token) => token === id).length;
      return repeated - count * frequencyPenalty - (count > 0 ? 1 : 0) * presencePenalty;
    }),
  topK: (probabilities, k) => normalised(probabilities.map((p, id) => (rank(probabilities, id).length < k ? p : 0))),
  topP: (probabilities, p) =>
    normalised(
      probabilities.map((own, id) =>
        total(rank(probabilities, id).map((other) => probabilities[other] ?? 0)) < p ? own : 0,
      ),
    ),
  minP: (probabilities, p) => normalised(probabilities.map((own) => (own >= p * Math.max(...probabilities) ? own : 0))),
};

/** What a sampler must draw by. */
export function exactProbabilities(given: Given, sampling: Sampling, steps: Partial<Steps> = {}): number[] {
  const { penalise, topK, topP, minP } = { ...definition, ...steps };
  const scaled = penalise(given, sampling).map((logit) => logit / sampling.temperature);
  const whole = normalised(scaled.map((logit) => Math.exp(logit - Math.max(...scaled))));
  const some = sampling.topK === 0 ? whole : topK(whole, sampling.topK);
  const fewer = sampling.topP === 1 ? some : topP(some, sampling.topP);
  return minP(fewer, sampling.minP);
}

/** The outcomes that go before `id`. */
function rank(probabilities: readonly number[], id: number): number[] {
  const own = probabilities[id] ?? 0;
  return [...probabilities.keys()].filter((other) => {
    const p = probabilities[other] ?? 0;
    return p > own || (p === own && other < id);
  });
}

export function normalised(weights: readonly number[]): number[] {
  const sum = total(weights);
  return weights.map((weight) => weight / sum);
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
