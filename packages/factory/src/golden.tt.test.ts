import { ttBackend } from '@tttv2/backend-tt';
import { type Executable, referenceBackend } from '@tttv2/graph';
import { feed, feedAll } from '@tttv2/runtime';
import { maxAbsError, pcc } from '@tttv2/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createModelFactory } from './index.node.ts';
import type { Model } from './model.ts';
import { type GoldenCheckpoint, golden, goldenCheckpoint } from './testing/golden.ts';
import { twoUsers } from './testing/two-users.ts';

/** Rows without a token hold a token that is no padding, turned absurdly; unused places of the cache hold no number at all. */
const poison = { token: 7, rotary: 1e4, cache: Number.NaN };

const factory = createModelFactory({ backends: [ttBackend({ mode: 'reference', padding: poison }), referenceBackend] });
const layers = ['layers.0', 'layers.1', 'layers.2'];

describe.each(['llama', 'llama_bias_linear'])('%s as ttnn calls, by golden functions', (name) => {
  let checkpoint: GoldenCheckpoint;
  const load = (weightDtype: 'float32' | 'bfloat16') =>
    checkpoint.load(factory, { device: 'n150', hardware: { weightDtype } });
  let exact: Model;
  let rounded: Model;
  let reference: Model;
  beforeAll(async () => {
    checkpoint = await goldenCheckpoint(name);
    [exact, rounded] = [await load('float32'), await load('bfloat16')];
    reference = await checkpoint.load(factory, { device: 'reference' });
  });
  afterAll(async () => {
    for (const model of [exact, rounded, reference]) await model[Symbol.asyncDispose]();
    await checkpoint[Symbol.asyncDispose]();
  });

  test('float32: the logits of transformers, for a prompt and over the cache', async () => {
    const { ids, logits, generated, decodeLogits: expected } = await golden(name);
    expect(logits).toHaveLength(24 * 256);
    expect(maxAbsError(await promptLogits(exact.executable, ids), logits)).toBeLessThan(1e-3);
    const decoded = await decodeLogits(exact.executable, ids, generated);
    expect(maxAbsError(decoded, expected)).toBeLessThan(1e-3);
  });

  test('bfloat16: the logits of transformers by correlation', async () => {
    const { ids, logits, generated, decodeLogits: expected } = await golden(name);
    expect(pcc(await promptLogits(rounded.executable, ids), logits)).toBeGreaterThan(0.999);
    const decoded = await decodeLogits(rounded.executable, ids, generated);
    expect(pcc(decoded, expected)).toBeGreaterThan(0.999);
  });

  test('prompts of unequal length, then two users at once: every layer and the logits', async () => {
    const expected = await twoUsers(reference.executable, layers);
    const [inFloat32, inBfloat16] = [
      await twoUsers(exact.executable, layers),
      await twoUsers(rounded.executable, layers),
    ];
    expect(Object.keys(expected)).toHaveLength(4 * (layers.length + 1));
    for (const [what, numbers] of Object.entries(expected)) {
      expect(maxAbsError(inFloat32[what] ?? new Float32Array(), numbers), what).toBeLessThan(1e-3);
      expect(pcc(inBfloat16[what] ?? new Float32Array(), numbers), what).toBeGreaterThan(0.999);
    }
  });
});

async function promptLogits(executable: Executable, ids: readonly number[]): Promise<Float32Array> {
  const state = executable.createState({ maxSequences: 1, totalTokens: 64, tokensPerSequence: 64 });
  const rows: number[] = [];
  for await (const { data } of feedAll(executable, state, Int32Array.from(ids))) rows.push(...data);
  state.dispose();
  return Float32Array.from(rows);
}

async function decodeLogits(
  executable: Executable,
  ids: readonly number[],
  next: readonly number[],
): Promise<Float32Array> {
  const state = executable.createState({ maxSequences: 1, totalTokens: 64, tokensPerSequence: 64 });
  await feed(executable, state, Int32Array.from(ids));
  const rows: number[] = [];
  for (const id of next) rows.push(...(await feed(executable, state, Int32Array.of(id))).data);
  state.dispose();
  return Float32Array.from(rows);
}
