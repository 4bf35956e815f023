import type { Executable, ExecutionMode, FloatTensor, State } from '@tttv2/graph';
import { DoesNotFitError, RequestError } from '@tttv2/spec';
import { feed } from './feed.ts';
import { KeptSequence } from './kept-sequence.ts';
import { type Logprobs, logprobsOf } from './logprobs.ts';
import { Sampler } from './sampler.ts';
import { greedy, type Sampling } from './sampling.ts';
import { StopStrings } from './stop-strings.ts';
import { type Detokenizer, TextStream } from './text-stream.ts';
import { TokenHistory } from './token-history.ts';

export interface GenerateRequest {
  /** What is fed, exactly. */
  promptIds: readonly number[];
  /** Default: as many as the context takes, at most 1024. */
  maxNewTokens?: number;
  /** Default: greedy. */
  sampling?: Partial<Sampling>;
  /** Log-probabilities of each new token and of so many likeliest ones, as the model gave them; default: none at all. */
  logprobs?: number;
  /** Tokens that end the text; they are part of `ids`, not of `text`. */
  stopTokenIds?: readonly number[];
  /** Strings that end the text; neither they nor what follows is part of it. */
  stop?: readonly string[];
  /** Keeps the keys and values for the next generation, and goes on from those of the last; default: they go at the end. */
  sequence?: KeptSequence;
  /** Ends the generation: what there is stays, `finishReason` is `abort`. */
  signal?: AbortSignal;
}

export type FinishReason = 'stop' | 'length' | 'abort';

/** A piece of text as it comes, whole characters; may be empty while a character is incomplete. */
export interface TextChunk {
  id: number;
  text: string;
  /** Those of token `id`, when they were asked for; not with text that was held back and comes after the last token. */
  logprobs?: Logprobs;
}

export interface GenerateResult {
  promptIds: number[];
  /** New tokens, a stop token included. */
  ids: number[];
  text: string;
  /** One for each of `ids`, when they were asked for. */
  logprobs?: Logprobs[];
  finishReason: FinishReason;
  /** How the logits came about; of `acceptance` the ids mean nothing. */
  mode: ExecutionMode;
  /** `cachedTokens` are those of the prompt that a kept sequence held already. */
  usage: { promptTokens: number; cachedTokens: number; newTokens: number };
  timings: GenerateTimings;
}

export interface GenerateTimings {
  /** From the request to the first token; NaN without one. */
  ttftMs: number;
  /** Prompt tokens that were computed, over `ttftMs`. */
  prefillTokensPerSecond: number;
  /** New tokens but the first, over the time from the first to the last; NaN below two tokens. */
  decodeTokensPerSecond: number;
}

export interface GenerateModel {
  executable: Executable;
  detokenizer: Detokenizer;
  vocabSize: number;
  /** Longest sequence, prompt included; null: any. */
  maxSeqLen: number | null;
}

const defaultMaxNewTokens = 1024;

/** Text that is being generated: iterate over it for the pieces, `result()` for the whole. It starts when it is asked. */
export class Generation implements AsyncIterable<TextChunk> {
  readonly #pieces: AsyncGenerator<TextChunk, void>;
  #result: GenerateResult | null = null;

  constructor(model: GenerateModel, request: GenerateRequest) {
    this.#pieces = pieces(model, request, (result) => {
      this.#result = result;
    });
  }

  [Symbol.asyncIterator](): AsyncGenerator<TextChunk, void> {
    return this.#pieces;
  }

  /** Runs to the end, if it has not, and returns the whole. */
  async result(): Promise<GenerateResult> {
    for await (const _ of this.#pieces);
    if (this.#result === null)
      throw new RequestError({ field: 'generation', message: 'was left before its end, so it has no result' });
    return this.#result;
  }
}

/** Generates text after a prompt. @throws RequestError, DoesNotFitError when iterated, before anything is computed. */
export function generate(model: GenerateModel, request: GenerateRequest): Generation {
  return new Generation(model, request);
}

async function* pieces(
  model: GenerateModel,
  request: GenerateRequest,
  finish: (result: GenerateResult) => void,
): AsyncGenerator<TextChunk, void> {
  const start = performance.now();
  const promptIds = [...request.promptIds];
  const budget = checkRequest(model, request);
  const total = promptIds.length + budget;
  const sequence = request.sequence ?? new KeptSequence(model.executable, total);
  const { state, from } = sequence.begin(promptIds, total);
  const text = new TextPieces(model.detokenizer, request.stop ?? []);
  const times: number[] = [];
  const ids: number[] = [];
  const logprobs: Logprobs[] = [];
  let finishReason: FinishReason = 'length';
  try {
    for await (const token of tokens(model.executable, state, { ...request, promptIds, from, maxNewTokens: budget })) {
      const { id } = token;
      ids.push(id);
      if (token.logprobs !== undefined) logprobs.push(token.logprobs);
      const isStop = request.stopTokenIds?.includes(id) ?? false;
      const piece = isStop ? text.end() : text.push(id);
      times.push(performance.now());
      if (isStop || text.isStopped) finishReason = 'stop';
      yield { ...token, text: piece };
      if (finishReason === 'stop') break;
    }
    if (finishReason === 'length') {
      if (request.signal?.aborted) finishReason = 'abort';
      const rest = text.end();
      const last = ids.at(-1);
      if (rest !== '' && last !== undefined) yield { id: last, text: rest };
    }
  } finally {
    sequence.end([...promptIds, ...ids]);
    if (request.sequence === undefined) sequence[Symbol.dispose]();
  }
  finish({
    promptIds,
    ids,
    text: text.whole,
    ...(request.logprobs === undefined ? {} : { logprobs }),
    finishReason,
    mode: model.executable.mode,
    usage: { promptTokens: promptIds.length, cachedTokens: from, newTokens: ids.length },
    timings: timingsOf(start, times, promptIds.length - from),
  });
}

/** One token after the other; ends when aborted. */
async function* tokens(
  executable: Executable,
  state: State,
  {
    promptIds,
    from,
    maxNewTokens,
    sampling,
    logprobs,
    signal,
  }: GenerateRequest & { from: number; maxNewTokens: number },
): AsyncGenerator<Pick<TextChunk, 'id' | 'logprobs'>> {
  const sampler = new Sampler({ ...greedy, ...sampling });
  const history = new TokenHistory(promptIds);
  let next = Int32Array.from(promptIds.slice(from));
  for (let i = 0; i < maxNewTokens; i++) {
    const logits = await unlessAborted(
      () => feed(executable, state, next, signal === undefined ? {} : { signal }),
      signal,
    );
    if (logits === null) return;
    const id = sampler.next(logits.data, history);
    history.add(id);
    yield { id, ...(logprobs === undefined ? {} : { logprobs: logprobsOf(logits.data, id, logprobs) }) };
    next = Int32Array.of(id);
  }
}

async function unlessAborted(
  compute: () => Promise<FloatTensor>,
  signal: AbortSignal | undefined,
): Promise<FloatTensor | null> {
  try {
    return await compute();
  } catch (error) {
    if (signal?.aborted) return null;
    throw error;
  }
}

/** Text of tokens, ended by stop strings. */
class TextPieces {
  readonly #stream: TextStream;
  readonly #stops: StopStrings;
  whole = '';
  isStopped = false;

  constructor(detokenizer: Detokenizer, stops: readonly string[]) {
    this.#stream = new TextStream(detokenizer);
    this.#stops = new StopStrings(stops);
  }

  push(id: number): string {
    return this.#add(this.#stream.push(id));
  }

  end(): string {
    const last = this.#add(this.#stream.end());
    if (this.isStopped) return last;
    const held = this.#stops.end();
    this.whole += held;
    return last + held;
  }

  #add(piece: string): string {
    const { text, isStopped } = this.#stops.push(piece);
    this.isStopped = isStopped;
    this.whole += text;
    return text;
  }
}

/** How many tokens may be made. @throws RequestError, DoesNotFitError */
function checkRequest(
  { vocabSize, maxSeqLen }: GenerateModel,
  { promptIds, maxNewTokens, logprobs }: GenerateRequest,
): number {
  checkIds(promptIds, vocabSize);
  checkCount('maxNewTokens', maxNewTokens, 1);
  checkCount('logprobs', logprobs, 0);
  const wanted = maxNewTokens ?? defaultMaxNewTokens;
  return maxSeqLen === null ? wanted : Math.min(wanted, roomAfter(promptIds.length, maxSeqLen));
}

function checkCount(field: string, count: number | undefined, min: number): void {
  if (count === undefined || (Number.isSafeInteger(count) && count >= min)) return;
  throw new RequestError({ field, message: `must be a whole number of at least ${min}, found ${count}` });
}

/** @throws RequestError when there are no ids, or one is not in the vocabulary. */
export function checkIds(ids: readonly number[], vocabSize: number): void {
  if (ids.length === 0) throw new RequestError({ field: 'promptIds', message: 'is empty: give at least one token' });
  ids.forEach((id, i) => {
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw new RequestError({
        field: `promptIds[${i}]`,
        message: `is ${id}, but token ids go from 0 to ${vocabSize - 1}`,
      });
    }
  });
}

/** Tokens that may follow a prompt. @throws DoesNotFitError when none may. */
export function roomAfter(promptTokens: number, maxSeqLen: number): number {
  const room = maxSeqLen - promptTokens;
  if (room > 0) return room;
  const message = `the prompt has ${promptTokens} tokens, but the model takes ${maxSeqLen} with at least one new one (maxSeqLen): shorten the prompt`;
  throw new DoesNotFitError({ message, wanted: promptTokens + 1, available: maxSeqLen, unit: 'tokens' });
}

function timingsOf(start: number, times: readonly number[], computedTokens: number): GenerateTimings {
  const [first = Number.NaN] = times;
  const last = times.at(-1) ?? Number.NaN;
  const ttftMs = first - start;
  return {
    ttftMs,
    prefillTokensPerSecond: computedTokens / (ttftMs / 1000),
    decodeTokensPerSecond: times.length < 2 ? Number.NaN : (times.length - 1) / ((last - first) / 1000),
  };
}
