import type { Model } from '@tttv2/factory';
import type { GenerateResult } from '@tttv2/runtime';
import { isExit, runChatCommand } from '../chat/chat-commands.ts';
import { Conversation } from '../chat/conversation.ts';
import { LineReader } from '../chat/line-reader.ts';
import type { Command } from '../command.ts';
import { describeGeneration } from '../describe-generation.ts';
import { given } from '../given.ts';
import { hardwareInputs, readHardware } from '../hardware-inputs.ts';
import { flag, text, wholeNumber } from '../input.ts';
import type { Interruption } from '../interruption.ts';
import { modelArgument } from '../model-argument.ts';
import { note, printJson } from '../output.ts';
import { reportError } from '../report-error.ts';
import { readSampling, samplingInputs } from '../sampling-inputs.ts';
import { UsageError } from '../usage-error.ts';

const system = text({ name: 'system', placeholder: 'TEXT', about: 'a system message before the conversation' });
const maxNewTokens = wholeNumber({
  name: 'max-new-tokens',
  short: 'n',
  placeholder: 'N',
  min: 1,
  about: 'tokens of an answer at most (default 1024)',
});
const json = flag({ name: 'json', about: 'prints one JSON object at the end, with what was said, and no text before' });
const stats = flag({ name: 'stats', about: 'tells counts and speed after each answer, on stderr' });

export const chat: Command = {
  about:
    'Talks with a model: each line is a message, and the answer comes as the model writes it. /help lists what else a line can be. Ctrl-C stops an answer, Ctrl-D ends.',
  inputs: [modelArgument, system, maxNewTokens, ...samplingInputs, stats, json, ...hardwareInputs],
  examples: [
    { line: 'chat smollm2-135m-instruct', about: 'talks' },
    { line: 'chat ./model --system "You are a pirate." -t 0.8', about: 'with a part to play, drawing by chance' },
    { line: 'chat model.gguf < questions.txt', about: 'answers each line of a file, one after the other' },
  ],
  async run(read, signal, interruption) {
    const sampling = readSampling(read);
    const { loadModel } = await import('../load-model.ts');
    const { model: loaded } = await loadModel(read(modelArgument), readHardware(read), signal);
    await using model = loaded;
    checkTalks(model, read(modelArgument));
    const settings = { sampling, ...given('maxNewTokens', read(maxNewTokens)) };
    using conversation = new Conversation(model, read(system), settings);
    const turns = await talk(conversation, { signal, interruption, isShown: !read(json), isTold: read(stats) });
    if (read(json)) printJson({ messages: conversation.messages, turns });
    return undefined;
  },
};

function checkTalks({ tokenizer, chatTemplate }: Model, name: string): void {
  if (tokenizer !== null && chatTemplate !== null) return;
  const what = tokenizer === null ? 'tokenizer' : 'chat template';
  throw new UsageError(`${name} has no ${what}, so it cannot talk: try tttv2 run with --ids or --raw`);
}

interface Talk {
  signal: AbortSignal;
  interruption: Interruption;
  /** The answers, as they come. */
  isShown: boolean;
  /** Counts and speeds. */
  isTold: boolean;
}

/** An answer in numbers. */
type Turn = Pick<GenerateResult, 'finishReason' | 'mode'> & GenerateResult['usage'] & GenerateResult['timings'];

/** Serves line after line. A person may try again after an error; a script ends with it. */
async function talk(conversation: Conversation, options: Talk): Promise<Turn[]> {
  const { signal, interruption } = options;
  const turns: Turn[] = [];
  using lines = new LineReader(signal);
  if (lines.isTerminal) note('Type a message, or /help.');
  for (let line = await nextLine(lines, interruption); line !== null; line = await nextLine(lines, interruption)) {
    if (isExit(line)) break;
    try {
      if (line.startsWith('/')) await runChatCommand(line, conversation);
      else if (line !== '') turns.push(await answer(line, conversation, options));
    } catch (error) {
      if (!lines.isTerminal || signal.aborted) throw error;
      await reportError(error, null);
    }
  }
  return turns;
}

/** Without an answer to stop, Ctrl-C drops the line that a person types. */
async function nextLine(lines: LineReader, interruption: Interruption): Promise<string | null> {
  using _ = interruption.handle(() => {
    if (!lines.isTerminal) return false;
    note('\n/exit or Ctrl-D ends.');
    lines.clearLine();
    return true;
  });
  return (await lines.next())?.trim() ?? null;
}

async function answer(line: string, conversation: Conversation, options: Talk): Promise<Turn> {
  const { signal, interruption, isShown, isTold } = options;
  const stop = new AbortController();
  using _ = interruption.handle(() => {
    stop.abort();
    return true;
  });
  const show = (piece: string) => void (isShown && process.stdout.write(piece));
  const result = await conversation.answer(line, show, AbortSignal.any([signal, stop.signal]));
  if (isShown && !result.text.endsWith('\n')) process.stdout.write('\n');
  if (stop.signal.aborted) note('(stopped)');
  if (isTold) note(describeGeneration(result));
  const { finishReason, mode, usage, timings } = result;
  return { finishReason, mode, ...usage, ...timings };
}
