import { type Executable, referenceBackend } from '@tttv2/graph';
import { tinyDecoder } from '@tttv2/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { feed, feedAll } from './feed.ts';
import { type GenerateModel, generate } from './generate.ts';
import { argmax } from './sampling.ts';

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
    usage: { promptTokens: 5, newTokens: 8 },
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

test('an abort keeps what there is', async () => {
  const controller = new AbortController();
  const generation = generate(model, { promptIds, maxNewTokens: 20, signal: controller.signal });
  let count = 0;
  for await (const _ of generation) if (++count === 3) controller.abort();
  const result = await generation.result();
  expect(result).toMatchObject({ finishReason: 'abort', usage: { newTokens: 3 } });
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
