import { type Executable, referenceBackend, type State } from '@tttv2/graph';
import { DoesNotFitError, RequestError } from '@tttv2/spec';
import { tinyDecoder } from '@tttv2/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type GenerateModel, generate } from './generate.ts';
import { KeptSequence } from './kept-sequence.ts';

const decoder = tinyDecoder();
let executable: Executable;
let model: GenerateModel;

beforeAll(async () => {
  const program = { mesh: [1, 1] as [number, number], stages: [decoder.graph] };
  executable = await referenceBackend.compile(program, decoder.weights, { deviceType: 'reference' });
  model = modelOn(executable);
});
afterAll(() => executable.dispose());

function modelOn(executable: Executable): GenerateModel {
  return { executable, detokenizer: { decode: () => '' }, vocabSize: decoder.vocabSize, maxSeqLen: 64 };
}

/** An executable of which the states are changed, and the tokens of every step are counted. */
function changed(change: (state: State, room: number) => State) {
  const computed: number[] = [];
  const rooms: number[] = [];
  const changedExecutable: Executable = {
    ...executable,
    limits: executable.limits,
    memory: () => executable.memory(),
    dispose: () => executable.dispose(),
    createState(options) {
      rooms.push(options.totalTokens);
      return change(executable.createState(options), options.totalTokens);
    },
    run(state, step, options) {
      computed.push(step.tokens.length);
      return executable.run(state, step, options);
    },
  };
  return { model: modelOn(changedExecutable), executable: changedExecutable, computed, rooms };
}

const idsOf = async (promptIds: readonly number[], maxNewTokens: number) =>
  (await generate(model, { promptIds, maxNewTokens }).result()).ids;

test('of a longer prompt only what is new is computed', async () => {
  const { model, executable, computed } = changed((state) => state);
  using sequence = new KeptSequence(executable, 64);
  const first = await generate(model, { promptIds: [3, 1, 4], maxNewTokens: 3, sequence }).result();
  const promptIds = [3, 1, 4, ...first.ids, 9, 2];
  const second = await generate(model, { promptIds, maxNewTokens: 2, sequence }).result();
  // The last token that was generated was never fed.
  expect(second.usage).toEqual({ promptTokens: 8, cachedTokens: 5, newTokens: 2 });
  expect(computed).toEqual([3, 1, 1, 3, 1]);
  expect(second.ids).toEqual(await idsOf(promptIds, 2));
});

test('the same prompt again computes its last token, whose logits are wanted', async () => {
  using sequence = new KeptSequence(executable, 64);
  const request = { promptIds: [3, 1, 4], maxNewTokens: 3, sequence };
  const first = await generate(model, request).result();
  const second = await generate(model, request).result();
  expect(second.usage.cachedTokens).toBe(2);
  expect(second.ids).toEqual(first.ids);
});

test('property: whatever the prompts, the text is that without a kept sequence', async () => {
  const prompts = fc.array(fc.array(fc.nat(2), { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(prompts, async (prompts) => {
      using sequence = new KeptSequence(executable, 64);
      for (const promptIds of prompts) {
        const { ids } = await generate(model, { promptIds, maxNewTokens: 3, sequence }).result();
        expect(ids).toEqual(await idsOf(promptIds, 3));
      }
    }),
    { numRuns: 25 },
  );
});

test('a generation that was aborted, or left, leaves what it computed', async () => {
  using sequence = new KeptSequence(executable, 64);
  const promptIds = [3, 1, 4];
  const controller = new AbortController();
  for await (const _ of generate(model, { promptIds, sequence, signal: controller.signal })) controller.abort();
  for await (const _ of generate(model, { promptIds, sequence })) break;
  const { ids, usage } = await generate(model, { promptIds, maxNewTokens: 4, sequence }).result();
  expect(usage.cachedTokens).toBe(2);
  expect(ids).toEqual(await idsOf(promptIds, 4));
});

test('a device that cannot go back computes all anew', async () => {
  const { model, executable, computed } = changed((state) => {
    vi.spyOn(state, 'truncate').mockReturnValue(false);
    return state;
  });
  using sequence = new KeptSequence(executable, 64);
  await generate(model, { promptIds: [3, 1, 4], maxNewTokens: 1, sequence }).result();
  const again = await generate(model, { promptIds: [3, 1, 5], maxNewTokens: 1, sequence }).result();
  expect(computed).toEqual([3, 3]);
  expect(again.usage.cachedTokens).toBe(0);
  expect(again.ids).toEqual(await idsOf([3, 1, 5], 1));
});

test('there is room for a longer prompt, as far as the model and the device go', async () => {
  const { executable, rooms } = changed((state) => state);
  using sequence = new KeptSequence(executable, 64);
  const roomsFor = (total: number) => {
    sequence.begin([1], total);
    sequence.end([]);
    return rooms;
  };
  expect(roomsFor(10)).toEqual([20]);
  expect(roomsFor(20)).toEqual([20]);
  expect(roomsFor(40)).toEqual([20, 64]);

  const small = changed((state, room) => {
    if (room <= 10) return state;
    state.dispose();
    throw new DoesNotFitError({ message: 'too much', wanted: room, available: 10, unit: 'tokens' });
  });
  using tight = new KeptSequence(small.executable, null);
  expect(tight.begin([1], 10).from).toBe(0);
  expect(small.rooms).toEqual([20, 10]);
  tight.end([]);
  expect(() => tight.begin([1], 11)).toThrow(DoesNotFitError);
});

test('two generations at once are refused', async () => {
  using sequence = new KeptSequence(executable, 64);
  const request = { promptIds: [3, 1, 4], maxNewTokens: 2, sequence };
  for await (const _ of generate(model, request)) {
    await expect(generate(model, request).result()).rejects.toThrow(RequestError);
    await expect(generate(model, request).result()).rejects.toThrow('sequence: is in use by another generation');
  }
  expect((await generate(model, request).result()).ids).toHaveLength(2);
});
