import type { Sampling } from '@tttv2/runtime';
import type { Read } from './command.ts';
import { given } from './given.ts';
import { number, orElse, wholeNumber } from './input.ts';
import { note } from './output.ts';

const temperature = orElse(
  0,
  number({ name: 'temperature', short: 't', placeholder: 'T', min: 0, about: '0 always takes the likeliest token' }),
);
const topK = wholeNumber({ name: 'top-k', placeholder: 'K', min: 0, about: 'draws from the K likeliest tokens' });
const topP = number({
  name: 'top-p',
  placeholder: 'P',
  min: 0,
  max: 1,
  about: 'draws from the likeliest that make up P (0 to 1)',
});
const minP = number({
  name: 'min-p',
  placeholder: 'P',
  min: 0,
  max: 1,
  about: 'draws from those P times as likely as the likeliest',
});
const repetitionPenalty = number({
  name: 'repetition-penalty',
  placeholder: 'R',
  min: 0,
  about: 'above 1 makes tokens of the prompt and the text less likely',
});
const presencePenalty = number({
  name: 'presence-penalty',
  placeholder: 'A',
  min: -2,
  about: 'is subtracted from the logits of tokens of the text',
});
const frequencyPenalty = number({
  name: 'frequency-penalty',
  placeholder: 'A',
  min: -2,
  about: 'is subtracted for each time that a token is in the text',
});
const seed = orElse(
  0,
  wholeNumber({ name: 'seed', placeholder: 'N', min: 0, about: 'the same seed draws the same tokens' }),
);

export const samplingInputs = [
  ...[temperature, topK, topP, minP, repetitionPenalty, presencePenalty, frequencyPenalty, seed],
];

/** How tokens are chosen, by the command line; what is not given is left to the model. */
export function readSampling(read: Read): Partial<Sampling> {
  const [k, p, min] = [read(topK), read(topP), read(minP)];
  if (read(temperature) === 0 && (k ?? p ?? min) !== undefined)
    note('--top-k, --top-p and --min-p change nothing at temperature 0: give one, as in -t 0.8');
  return {
    temperature: read(temperature),
    seed: read(seed),
    ...given('topK', k),
    ...given('topP', p),
    ...given('minP', min),
    ...given('repetitionPenalty', read(repetitionPenalty)),
    ...given('presencePenalty', read(presencePenalty)),
    ...given('frequencyPenalty', read(frequencyPenalty)),
  };
}
