import { type Executable, referenceBackend } from '@tttv2/graph';
import { tinyDecoder } from '@tttv2/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { argmax } from './argmax.ts';
import { feed, feedAll } from './feed.ts';
import { type GenerateModel, type GenerateRequest, generate } from './generate.ts';
import { logprobsOf } from './logprobs.ts';

const decoder = tinyDecoder();
const detokenizer = { decode: (ids: readonly number[]) => ids.map((id) => `<${id}>`).join('') };
const promptIds = [3, 1, 4, 1, 5];
let executable: Executable;
let model: GenerateModel;

beforeAll(async () => {
  const program = { mesh: [1, 1] as [number, number], stages: [decoder.graph] };
  executable = await referenceBackend.compile(program, decoder.weights, { deviceType: 'reference' });
  model = { executable, detokenizer, vocabSize: decoder.vocabSize, maxSeqLen: 32 };
});
afterAll(() => executable.dispose());

/** Greedy tokens by computing the whole text anew for each. */
async function withoutCache(count: number): Promise<number[]> {
  const ids = [...promptIds];
  for (let i = 0; i < count; i++) {
    const state = executable.createState({ maxSequences: 1, totalTokens: 64, tokensPerSequence: 64 });
    ids.push(argmax((await feed(executable, state, Int32Array.from(ids))).data));
    state.dispose();
  }
  return ids.slice(promptIds.length);
}

test('greedy tokens are those of computing the whole text anew', async () => {
  const result = await generate(model, { promptIds, maxNewTokens: 8 }).result();
  expect(result.ids).toEqual(await withoutCache(8));
  expect(result).toMatchObject({
    promptIds,
    finishReason: 'length',
    mode: 'reference',
    usage: { promptTokens: 5, cachedTokens: 0, newTokens: 8 },
  });
  expect(result.text).toBe(detokenizer.decode(result.ids));
  expect(result.timings.ttftMs).toBeGreaterThan(0);
  expect(result.timings.decodeTokensPerSecond).toBeGreaterThan(0);
});

test('the pieces are the text', async () => {
  const generation = generate(model, { promptIds, maxNewTokens: 6, sampling: { temperature: 1, seed: 5 } });
  let text = '';
  for await (const piece of generation) text += piece.text;
  expect(text).toBe((await generation.result()).text);
});

test('a stop token ends the text, and is one of the ids but not of the text', async () => {
  const [first = 0, second = 0] = await withoutCache(2);
  const result = await generate(model, { promptIds, maxNewTokens: 8, stopTokenIds: [second] }).result();
  expect(result).toMatchObject({ ids: [first, second], text: `<${first}>`, finishReason: 'stop' });
});

test('a stop string ends the text', async () => {
  const [first = 0, second = 0] = await withoutCache(2);
  const result = await generate(model, { promptIds, maxNewTokens: 8, stop: [`>${`<${second}`}`] }).result();
  expect(result).toMatchObject({ text: `<${first}`, finishReason: 'stop' });
});

test('a stop string of several bytes is found across tokens that are a byte each', async () => {
  // No token comes twice, so each can stand for the byte at its place in a text.
  const request = { promptIds, maxNewTokens: 11, sampling: { presencePenalty: 1e6 } };
  const { ids } = await generate(model, request).result();
  const bytes = new TextEncoder().encode('ja ¡été!');
  const decode = (tokens: readonly number[]) =>
    new TextDecoder().decode(Uint8Array.from(tokens, (id) => bytes[ids.indexOf(id)] ?? 0));
  const byteByByte = { ...model, detokenizer: { decode } };
  expect(await generate(byteByByte, request).result()).toMatchObject({ text: 'ja ¡été!', finishReason: 'length' });
  const stopped = await generate(byteByByte, { ...request, stop: ['¿', 'té'] }).result();
  expect(stopped).toMatchObject({ ids: ids.slice(0, 10), text: 'ja ¡é', finishReason: 'stop' });
});

test('an abort keeps what there is', async () => {
  const controller = new AbortController();
  const generation = generate(model, { promptIds, maxNewTokens: 20, signal: controller.signal });
  let count = 0;
  for await (const _ of generation) if (++count === 3) controller.abort();
  const result = await generation.result();
  expect(result).toMatchObject({ finishReason: 'abort', usage: { newTokens: 3 } });
});

const drawing: GenerateRequest = {
  promptIds,
  maxNewTokens: 12,
  sampling: { temperature: 1.5, topP: 0.95, repetitionPenalty: 1.1, frequencyPenalty: 0.2, seed: 3 },
};
const neighbour: GenerateRequest = { promptIds: [7, 7, 2], maxNewTokens: 9, sampling: { temperature: 2, seed: 3 } };

test('a seed draws the same tokens again, whatever runs beside it', async () => {
  const alone = [await generate(model, drawing).result(), await generate(model, neighbour).result()];
  const running = [generate(model, drawing), generate(model, neighbour)];
  // A token of one, a token of the other; then both at once, as fast as each can.
  for (let i = 0; i < 4; i++) for (const generation of running) await generation[Symbol.asyncIterator]().next();
  const together = await Promise.all(running.map((generation) => generation.result()));
  expect(together.map(({ ids }) => ids)).toEqual(alone.map(({ ids }) => ids));
});

test('the repetition penalty counts the prompt, presence and frequency what was generated', async () => {
  const [first = 0] = await withoutCache(1);
  const after = async (sampling: GenerateRequest['sampling'], prompt: number[]) =>
    (await generate(model, { promptIds: prompt, maxNewTokens: 4, ...(sampling && { sampling }) }).result()).ids;
  const prompt = [first, ...promptIds];
  const [likeliest = 0] = await after({}, prompt);
  expect(await after({ repetitionPenalty: 1e6 }, [likeliest, ...prompt])).not.toContain(likeliest);
  const [again] = await after({ presencePenalty: 1e6 }, prompt);
  expect(again).toBe(likeliest);
  const distinct = await after({ presencePenalty: 1e6 }, prompt);
  expect(new Set(distinct).size).toBe(distinct.length);
});

test('log-probabilities are of the model, not of what was drawn from', async () => {
  const request = { ...drawing, logprobs: 3 };
  const plain = await generate(model, drawing).result();
  expect(plain.logprobs).toBeUndefined();
  const chunks = [];
  const generation = generate(model, request);
  for await (const chunk of generation) chunks.push(chunk);
  const { ids, logprobs } = await generation.result();
  expect(ids).toEqual(plain.ids);
  expect(chunks.map((chunk) => chunk.logprobs)).toEqual(logprobs);
  const state = executable.createState({ maxSequences: 1, totalTokens: 64, tokensPerSequence: 64 });
  let next = promptIds;
  for (const [i, id] of ids.entries()) {
    const { data } = await feed(executable, state, Int32Array.from(next));
    expect(logprobs?.[i]).toEqual(logprobsOf(data, id, 3));
    next = [id];
  }
  state.dispose();
});

test('logits that are not numbers end the generation by name', async () => {
  const broken: Executable = {
    ...executable,
    limits: executable.limits,
    run: async (...args) => {
      const result = await executable.run(...args);
      result.logits?.data.fill(Number.NaN);
      return result;
    },
    createState: (options) => executable.createState(options),
  };
  const generation = generate({ ...model, executable: broken }, { promptIds });
  await expect(generation.result()).rejects.toThrow('the logit of token 0 is NaN');
});

test('leaving early frees the caches, and there is no result', async () => {
  const disposed: boolean[] = [];
  const watched: Executable = {
    ...executable,
    limits: executable.limits,
    hardware: executable.hardware,
    run: (...args) => executable.run(...args),
    createState(options) {
      const state = executable.createState(options);
      const dispose = state.dispose.bind(state);
      state.dispose = () => {
        disposed.push(true);
        dispose();
      };
      return state;
    },
  };
  const generation = generate({ ...model, executable: watched }, { promptIds, maxNewTokens: 5 });
  for await (const _ of generation) break;
  expect(disposed).toEqual([true]);
  await expect(generation.result()).rejects.toThrow('was left before its end');
});

test('the answer ends with the context', async () => {
  const result = await generate({ ...model, maxSeqLen: 7 }, { promptIds, maxNewTokens: 20 }).result();
  expect(result).toMatchObject({ finishReason: 'length', usage: { newTokens: 2 } });
});

test.each([
  [{ promptIds: [] }, 'promptIds: is empty'],
  [{ promptIds: [1, 40] }, 'promptIds[1]: is 40, but token ids go from 0 to 39'],
  [{ promptIds: [1.5] }, 'promptIds[0]: is 1.5'],
  [{ promptIds, maxNewTokens: 0 }, 'maxNewTokens: must be'],
  [{ promptIds, logprobs: -1 }, 'logprobs: must be a whole number of at least 0'],
  [{ promptIds, sampling: { topP: 2 } }, 'topP: must be'],
  [{ promptIds: Array.from({ length: 32 }, () => 1) }, 'the prompt has 32 tokens, but the model takes 32'],
])('%o is refused: %s', async (request, message) => {
  await expect(generate(model, request).result()).rejects.toThrow(message);
});

test('logits of every token come in chunks of what the device takes', async () => {
  const chunked: Executable = {
    ...executable,
    limits: { ...executable.limits, maxTokensPerStep: 2 },
    run: (...args) => executable.run(...args),
    createState: (options) => executable.createState(options),
  };
  const rows = async (on: Executable) => {
    const state = on.createState({ maxSequences: 1, totalTokens: 16, tokensPerSequence: 16 });
    const pieces: number[][] = [];
    for await (const { data } of feedAll(on, state, Int32Array.from(promptIds))) pieces.push([...data]);
    return pieces;
  };
  const [whole, parts] = [await rows(executable), await rows(chunked)];
  expect(parts.map((part) => part.length / decoder.vocabSize)).toEqual([2, 2, 1]);
  parts.flat().forEach((logit, i) => {
    expect(logit).toBeCloseTo(whole.flat()[i] ?? Number.NaN, 5);
  });
});
