import { ttBackend } from '@tttv2/backend-tt';
import { type Executable, referenceBackend, type StepResult } from '@tttv2/graph';
import { feed, feedAll } from '@tttv2/runtime';
import { maxAbsError, pcc, stepOf } from '@tttv2/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createModelFactory } from './index.node.ts';
import type { Model } from './model.ts';
import { golden, goldenFolder } from './testing/golden.ts';

/** Rows without a token hold a token that is no padding, turned absurdly; unused places of the cache hold no number at all. */
const poison = { token: 7, rotary: 1e4, cache: Number.NaN };

const factory = createModelFactory({ backends: [ttBackend({ mode: 'reference', padding: poison }), referenceBackend] });
const layers = ['layers.0', 'layers.1', 'layers.2'];

describe.each(['llama', 'llama_bias_linear'])('%s as ttnn calls, by golden functions', (name) => {
  const load = (weightDtype: 'float32' | 'bfloat16') =>
    factory.load(goldenFolder(name), { device: 'n150', hardware: { weightDtype } });
  let exact: Model;
  let rounded: Model;
  let reference: Model;
  beforeAll(async () => {
    [exact, rounded] = [await load('float32'), await load('bfloat16')];
    reference = await factory.load(goldenFolder(name), { device: 'reference' });
  });
  afterAll(async () => {
    for (const model of [exact, rounded, reference]) await model[Symbol.asyncDispose]();
  });

  test('float32: the logits of transformers, for a prompt and over the cache', async () => {
    const read = await golden(name);
    const [ids, logits] = [Int32Array.from(read('input_ids')), read('logits')];
    expect(logits).toHaveLength(24 * 256);
    expect(maxAbsError(await promptLogits(exact.executable, ids), logits)).toBeLessThan(1e-3);
    const decoded = await decodeLogits(exact.executable, ids, read('generated_ids'));
    expect(maxAbsError(decoded, read('decode_logits'))).toBeLessThan(1e-3);
  });

  test('bfloat16: the logits of transformers by correlation', async () => {
    const read = await golden(name);
    const ids = Int32Array.from(read('input_ids'));
    expect(pcc(await promptLogits(rounded.executable, ids), read('logits'))).toBeGreaterThan(0.999);
    const decoded = await decodeLogits(rounded.executable, ids, read('generated_ids'));
    expect(pcc(decoded, read('decode_logits'))).toBeGreaterThan(0.999);
  });

  test('prompts of unequal length, then two users at once: every layer and the logits', async () => {
    const expected = await twoUsers(reference.executable);
    const [inFloat32, inBfloat16] = [await twoUsers(exact.executable), await twoUsers(rounded.executable)];
    expect(Object.keys(expected)).toHaveLength(4 * (layers.length + 1));
    for (const [what, numbers] of Object.entries(expected)) {
      expect(maxAbsError(inFloat32[what] ?? new Float32Array(), numbers), what).toBeLessThan(1e-3);
      expect(pcc(inBfloat16[what] ?? new Float32Array(), numbers), what).toBeGreaterThan(0.999);
    }
  });
});

async function promptLogits(executable: Executable, ids: Int32Array): Promise<Float32Array> {
  const state = executable.createState({ maxSequences: 1, totalTokens: 64, tokensPerSequence: 64 });
  const rows: number[] = [];
  for await (const { data } of feedAll(executable, state, ids)) rows.push(...data);
  state.dispose();
  return Float32Array.from(rows);
}

async function decodeLogits(executable: Executable, ids: Int32Array, next: Float32Array): Promise<Float32Array> {
  const state = executable.createState({ maxSequences: 1, totalTokens: 64, tokensPerSequence: 64 });
  await feed(executable, state, ids);
  const rows: number[] = [];
  for (const id of next) rows.push(...(await feed(executable, state, Int32Array.of(id))).data);
  state.dispose();
  return Float32Array.from(rows);
}

/** Outputs of the layers and logits of four steps: two prompts, and three tokens of both users. */
async function twoUsers(executable: Executable): Promise<Record<string, Float32Array>> {
  const state = executable.createState({ maxSequences: 4, totalTokens: 256, tokensPerSequence: 64 });
  const long = Array.from({ length: 37 }, (_, i) => (i * 31 + 5) % 256);
  const results: Record<string, Float32Array> = {};
  const keep = (step: number, { logits, taps }: StepResult) => {
    for (const layer of layers) results[`${layer} of step ${step}`] = taps[layer]?.data.slice() ?? new Float32Array();
    results[`logits of step ${step}`] = logits?.data.slice() ?? new Float32Array();
  };
  const prompts = [
    { slot: 2, ids: long },
    { slot: 0, ids: [9, 8, 7, 6, 5] },
  ];
  keep(0, await executable.run(state, stepOf(state, prompts, { logits: [36, 41], taps: layers })));
  for (const step of [1, 2, 3]) {
    const tokens = [
      { slot: 0, ids: [step * 3] },
      { slot: 2, ids: [step * 5] },
    ];
    keep(step, await executable.run(state, stepOf(state, tokens, { logits: [0, 1], taps: layers })));
  }
  state.dispose();
  return results;
}
