import type { Model, Prompt } from '@tttv2/factory';
import type { ExecutionMode } from '@tttv2/graph';
import type { GenerateResult, Generation, Sampling, TextChunk, TokenLogprob } from '@tttv2/runtime';
import type { Command, Read } from '../command.ts';
import { hardwareInputs, readHardware } from '../hardware-inputs.ts';
import { flag, number, orElse, text, wholeNumber } from '../input.ts';
import { modelArgument } from '../model-argument.ts';
import { note, printJson } from '../output.ts';
import { readStdin } from '../read-stdin.ts';
import { parseTokenIds } from '../token-ids.ts';
import { UsageError } from '../usage-error.ts';

const prompt = text({ name: 'prompt', short: 'p', placeholder: 'TEXT', about: 'the prompt; - reads it from stdin' });
const ids = text({ name: 'ids', placeholder: 'IDS', about: 'token ids instead: 1,2,3, or @FILE with a JSON array' });
const system = text({ name: 'system', placeholder: 'TEXT', about: 'a system message before the prompt' });
const raw = flag({ name: 'raw', about: 'feeds the prompt as it is, without the chat template of the model' });
const maxNewTokens = orElse(
  64,
  wholeNumber({ name: 'max-new-tokens', short: 'n', placeholder: 'N', min: 1, about: 'new tokens at most' }),
);
const ignoreEos = flag({ name: 'ignore-eos', about: 'goes on after the end tokens of the model' });
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
const logprobs = wholeNumber({
  name: 'logprobs',
  placeholder: 'N',
  min: 0,
  about: 'tells the log-probability of each token and of the N likeliest; with --json',
});
const json = flag({ name: 'json', about: 'prints one JSON object at the end, and no text before' });

export const run: Command = {
  about:
    'Generates text on a device and prints it as it comes. The prompt goes through the chat template of the model, unless it has none. Counts and speed are told at the end, on stderr.',
  inputs: [
    ...[modelArgument, prompt, ids, system, raw, maxNewTokens, ignoreEos, temperature, topK, topP, minP],
    ...[repetitionPenalty, presencePenalty, frequencyPenalty, seed, logprobs, json],
    ...hardwareInputs,
  ],
  examples: [
    { line: 'run smollm2-135m-instruct -p "What is the capital of France?"', about: 'answers' },
    { line: 'run model.gguf --raw -p "Once upon a time" -n 200 -t 0.8', about: 'goes on, drawing tokens by chance' },
    { line: 'run ./model --ids 1,2,3 --json', about: 'goes on from token ids; the result is JSON' },
    { line: 'run ./model -p "Is water wet?" -n 1 --json --logprobs 5', about: 'and what else it could have said' },
  ],
  async run(read, signal) {
    const asked = await readAsked(read);
    const count = read(logprobs);
    if (count !== undefined && !read(json)) throw new UsageError('--logprobs is part of the JSON: add --json');
    const sampling = readSampling(read);
    const { loadModel } = await import('../load-model.ts');
    const { model: loaded, loadMs } = await loadModel(read(modelArgument), readHardware(read), signal);
    await using model = loaded;
    const generation = model.generate({
      ...promptFor(model, asked),
      maxNewTokens: read(maxNewTokens),
      sampling,
      ...given('logprobs', count),
      ignoreEos: read(ignoreEos),
      signal,
    });
    const { result, memory } = await follow(model, generation, !read(json));
    if (read(json)) printJson({ ...jsonOf(model, result), loadMs, memory });
    else endText(result);
  },
};

/** Runs a generation to its end. Memory is asked for while it runs: the cache goes with its end. */
async function follow(model: Model, generation: Generation, isShown: boolean) {
  // A model without a tokenizer speaks in token ids.
  const textOf = ({ id, text: piece }: TextChunk) => (model.tokenizer === null ? `${id} ` : piece);
  let memory = model.executable.memory();
  for await (const chunk of generation) {
    if (isShown) process.stdout.write(textOf(chunk));
    memory = model.executable.memory();
  }
  return { result: await generation.result(), memory };
}

type Asked = { promptIds: number[] } | { text: string; system: string | undefined; isRaw: boolean };

async function readAsked(read: Read): Promise<Asked> {
  const [givenPrompt, givenIds, isRaw] = [read(prompt), read(ids), read(raw)];
  if (givenPrompt !== undefined && givenIds !== undefined)
    throw new UsageError('--prompt and --ids are two ways to say the same: give one of them');
  if (read(system) !== undefined && (isRaw || givenIds !== undefined))
    throw new UsageError('--system needs the chat template: leave out --raw and --ids');
  if (givenIds !== undefined) return { promptIds: await parseTokenIds(givenIds) };
  if (givenPrompt === undefined)
    throw new UsageError('there is no prompt: give -p TEXT, -p - for stdin, or --ids 1,2,3');
  return { text: givenPrompt === '-' ? await readStdin() : givenPrompt, system: read(system), isRaw };
}

function readSampling(read: Read): Partial<Sampling> {
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

/** What is not given is left out: the model may have a default for it. */
function given<K extends string>(name: K, value: number | undefined): { [P in K]?: number } | Record<never, never> {
  return value === undefined ? {} : { [name]: value };
}

function promptFor(model: Model, asked: Asked): Prompt {
  if ('promptIds' in asked) return asked;
  if (asked.isRaw) return { prompt: asked.text };
  if (model.chatTemplate === null) {
    if (asked.system !== undefined) throw new UsageError('--system: the model has no chat template to put it into');
    note('The model has no chat template: the prompt is fed as it is, as with --raw.');
    return { prompt: asked.text };
  }
  const systemMessage = asked.system === undefined ? [] : [{ role: 'system', content: asked.system }];
  return { messages: [...systemMessage, { role: 'user', content: asked.text }] };
}

function jsonOf(model: Model, result: GenerateResult) {
  const { promptIds, ids: newIds, text: newText, finishReason, mode, timings, logprobs: found } = result;
  const tokens = found?.map((token) => ({
    ...named(model, token),
    top: token.top.map((other) => named(model, other)),
  }));
  // JSON has no undefined: without --logprobs the field is not there.
  return { promptIds, ids: newIds, text: newText, logprobs: tokens, finishReason, mode, ...timings };
}

/** A token with its own text; a part of a character is U+FFFD, and a token that the tokenizer does not know has none. */
function named({ tokenizer }: Model, { id, logprob }: TokenLogprob) {
  const isKnown = tokenizer !== null && id < tokenizer.vocabSize;
  return { id, text: isKnown ? tokenizer.decode([id]) : '', logprob };
}

/** What a text is worth that no device has computed. */
const worth: Readonly<Record<ExecutionMode, readonly string[]>> = {
  device: [],
  reference: ['computed by reference, not on the device'],
  acceptance: ['nothing was computed: the text means nothing'],
};

function endText({ text: whole, usage, timings, mode }: GenerateResult): void {
  if (!whole.endsWith('\n')) process.stdout.write('\n');
  const { ttftMs, prefillTokensPerSecond: prefill, decodeTokensPerSecond: decode } = timings;
  const speeds = [
    ...(Number.isNaN(ttftMs) ? [] : [`first after ${Math.round(ttftMs)} ms (${prefill.toFixed(1)} tokens/s)`]),
    ...(Number.isNaN(decode) ? [] : [`then ${decode.toFixed(1)} tokens/s`]),
  ];
  note([`${usage.promptTokens} prompt tokens`, `${usage.newTokens} new`, ...speeds, ...worth[mode]].join(', '));
}
