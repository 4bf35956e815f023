import type { Model, Prompt } from '@tttv2/factory';
import type { GenerateResult, Generation, TextChunk, TokenLogprob } from '@tttv2/runtime';
import type { Command, Read } from '../command.ts';
import { describeGeneration } from '../describe-generation.ts';
import { given } from '../given.ts';
import { hardwareInputs, readHardware } from '../hardware-inputs.ts';
import { flag, orElse, text, wholeNumber } from '../input.ts';
import { modelArgument } from '../model-argument.ts';
import { note, printJson } from '../output.ts';
import { readStdin } from '../read-stdin.ts';
import { readSampling, samplingInputs } from '../sampling-inputs.ts';
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
    ...[modelArgument, prompt, ids, system, raw, maxNewTokens, ignoreEos],
    ...samplingInputs,
    ...[logprobs, json],
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

function endText(result: GenerateResult): void {
  if (!result.text.endsWith('\n')) process.stdout.write('\n');
  note(describeGeneration(result));
}
