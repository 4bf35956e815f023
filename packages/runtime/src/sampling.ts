import { RequestError } from '@tttv2/spec';

/**
 * How the next token is chosen from logits. What is set applies in the order of the fields, which is transformers'
 * (`_get_logits_processor` of `generation/utils.py`); presence and frequency, which it lacks, stand where vLLM has them.
 * Each filter sees what those before it left, renormalised. Of tokens that are equally likely the lowest id goes first.
 */
export interface Sampling {
  /**
   * Divides positive logits by this, and multiplies negative ones, of every token in the sequence, prompt included, once
   * however often it is there (arXiv:1909.05858, as in transformers). Above 1 makes them less likely; 1 is off.
   */
  repetitionPenalty: number;
  /** Subtracted from the logit of every token that was generated; the prompt does not count (OpenAI's API). 0 is off. */
  presencePenalty: number;
  /** Subtracted once for each time that a token was generated; the prompt does not count (OpenAI's API). 0 is off. */
  frequencyPenalty: number;
  /** Divides the logits; 0 always takes the most likely token. */
  temperature: number;
  /** Keeps the k most likely tokens, never more; 0 is off. */
  topK: number;
  /** Keeps the fewest tokens, most likely first, that together reach this probability (arXiv:1904.09751); 1 is off. */
  topP: number;
  /** Keeps tokens at least this likely relative to the most likely one (arXiv:2407.01082); 0 is off. */
  minP: number;
  /** The same seed, prompt and settings give the same tokens, whatever else the device computes. */
  seed: number;
}

export const greedy: Sampling = {
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  seed: 0,
};

/** @throws RequestError that names the setting that is out of range. */
export function checkSampling(sampling: Sampling): void {
  const must = (field: keyof Sampling, range: string, isFine: (value: number) => boolean) => {
    const value = sampling[field];
    if (!isFine(value)) throw new RequestError({ field, message: `must be ${range}, found ${value}` });
  };
  must('repetitionPenalty', 'above 0', (value) => value > 0 && Number.isFinite(value));
  must('presencePenalty', 'a number', Number.isFinite);
  must('frequencyPenalty', 'a number', Number.isFinite);
  must('temperature', 'at least 0', (value) => value >= 0 && Number.isFinite(value));
  must('topK', 'a whole number of at least 0', (value) => Number.isInteger(value) && value >= 0);
  must('topP', 'above 0 and at most 1', (value) => value > 0 && value <= 1);
  must('minP', '0 to 1', (value) => value >= 0 && value <= 1);
  must('seed', 'a whole number', Number.isSafeInteger);
}
