import { RequestError } from '@tttv2/spec';

/** How the next token is chosen from logits. Filters apply in the order of the fields. */
export interface Sampling {
  /** Above 1 makes tokens that were seen less likely (arXiv:1909.05858); 1 is off. */
  repetitionPenalty: number;
  /** Divides the logits; 0 always takes the most likely token. */
  temperature: number;
  /** Keeps the k most likely tokens; 0 is off. */
  topK: number;
  /** Keeps the most likely tokens that together reach this probability (arXiv:1904.09751); 1 is off. */
  topP: number;
  /** Keeps tokens at least this likely relative to the most likely one (arXiv:2407.01082); 0 is off. */
  minP: number;
  /** The same seed, prompt and settings give the same tokens. */
  seed: number;
}

export const greedy: Sampling = { repetitionPenalty: 1, temperature: 0, topK: 0, topP: 1, minP: 0, seed: 0 };

/** Chooses tokens one after the other. */
export class Sampler {
  readonly #sampling: Sampling;
  readonly #random: () => number;

  /** @throws RequestError that names the setting that is out of range. */
  constructor(sampling: Sampling) {
    check(sampling);
    this.#sampling = sampling;
    this.#random = mulberry32(sampling.seed);
  }

  /** The next token from logits `[V]`, which stay as they are; `seen` are the tokens so far. */
  next(logits: Float32Array, seen: readonly number[]): number {
    const { repetitionPenalty, temperature } = this.#sampling;
    const penalised = repetitionPenalty === 1 ? logits : penalise(logits, seen, repetitionPenalty);
    return temperature === 0 ? argmax(penalised) : this.#draw(penalised);
  }

  #draw(logits: Float32Array): number {
    const candidates = keep(logits, this.#sampling);
    const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
    let left = this.#random() * total;
    for (const { id, weight } of candidates) {
      left -= weight;
      if (left < 0) return id;
    }
    return candidates.at(-1)?.id ?? argmax(logits);
  }
}

/** Index of the largest number; the first of equals. */
export function argmax(numbers: Float32Array): number {
  let [best, max] = [0, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] ?? Number.NEGATIVE_INFINITY;
    if (number > max) {
      max = number;
      best = i;
    }
  }
  return best;
}

interface Candidate {
  id: number;
  /** Probability, up to a common factor; the most likely token has 1. */
  weight: number;
}

/** The tokens that the filters leave, most likely first. */
function keep(logits: Float32Array, { temperature, topK, topP, minP }: Sampling): Candidate[] {
  const max = logits[argmax(logits)] ?? 0;
  const candidates: Candidate[] = [];
  logits.forEach((logit, id) => {
    const weight = Math.exp((logit - max) / temperature);
    if (weight > 0 && weight >= minP) candidates.push({ id, weight });
  });
  candidates.sort((a, b) => b.weight - a.weight || a.id - b.id);
  const top = topK === 0 ? candidates : candidates.slice(0, topK);
  return topP === 1 ? top : nucleus(top, topP);
}

function nucleus(candidates: readonly Candidate[], topP: number): Candidate[] {
  const wanted = topP * candidates.reduce((sum, { weight }) => sum + weight, 0);
  let sum = 0;
  const end = candidates.findIndex(({ weight }) => {
    sum += weight;
    return sum >= wanted;
  });
  return candidates.slice(0, end < 0 ? candidates.length : end + 1);
}

function penalise(logits: Float32Array, seen: readonly number[], penalty: number): Float32Array {
  const penalised = logits.slice();
  for (const id of new Set(seen)) {
    const logit = penalised[id];
    if (logit !== undefined) penalised[id] = logit > 0 ? logit / penalty : logit * penalty;
  }
  return penalised;
}

/** Uniform numbers in [0, 1). Source: T. Ettinger's mulberry32. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function check({ repetitionPenalty, temperature, topK, topP, minP, seed }: Sampling): void {
  const must = (field: string, isFine: boolean, value: number, range: string) => {
    if (!isFine) throw new RequestError({ field, message: `must be ${range}, found ${value}` });
  };
  must('repetitionPenalty', repetitionPenalty > 0 && Number.isFinite(repetitionPenalty), repetitionPenalty, 'above 0');
  must('temperature', temperature >= 0 && Number.isFinite(temperature), temperature, 'at least 0');
  must('topK', Number.isInteger(topK) && topK >= 0, topK, 'a whole number of at least 0');
  must('topP', topP > 0 && topP <= 1, topP, 'above 0 and at most 1');
  must('minP', minP >= 0 && minP <= 1, minP, '0 to 1');
  must('seed', Number.isSafeInteger(seed), seed, 'a whole number');
}
