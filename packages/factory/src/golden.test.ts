import { cpuBackend } from '@tttv2/backend-cpu';
import { type Backend, type Executable, referenceBackend } from '@tttv2/graph';
import { feed, feedAll } from '@tttv2/runtime';
import { maxAbsError } from '@tttv2/testing';
import { describe, expect, test } from 'vitest';
import { createModelFactory } from './index.node.ts';
import { golden, goldenFolder } from './testing/golden.ts';

/** The agreement that the project promises at float32. */
const tolerance = 2e-4;

function newState(executable: Executable) {
  return executable.createState({ maxSequences: 1, totalTokens: 64, tokensPerSequence: 64 });
}

async function allLogits(executable: Executable, ids: Int32Array): Promise<Float32Array> {
  const state = newState(executable);
  const rows: number[] = [];
  for await (const { data } of feedAll(executable, state, ids)) rows.push(...data);
  state.dispose();
  return Float32Array.from(rows);
}

const places: [where: string, backend: Backend, tensorParallelSize: number][] = [
  ['cpu', cpuBackend, 1],
  ['reference', referenceBackend, 1],
  ['reference, two devices', referenceBackend, 2],
];

describe.each(places)('on %s', (_where, backend, tensorParallelSize) => {
  const factory = createModelFactory({ backends: [backend] });
  // One thread: two wait for each other at every op, which is slow where tests keep the processor busy.
  const load = (name: string) =>
    factory.load(goldenFolder(name), {
      device: backend.name,
      hardware: { weightDtype: 'float32', threads: 1, tensorParallelSize },
    });

  test.each(['llama', 'llama_bias_linear', 'llama_dynamic'])('%s has the logits of transformers', async (name) => {
    await using model = await load(name);
    const read = await golden(name);
    expect(read('logits')).toHaveLength(24 * 256);
    expect(
      maxAbsError(await allLogits(model.executable, Int32Array.from(read('input_ids'))), read('logits')),
    ).toBeLessThan(tolerance);
  });

  test.each(['llama', 'llama_bias_linear'])('%s has them over the cache, too', async (name) => {
    await using model = await load(name);
    const read = await golden(name);
    const state = newState(model.executable);
    await feed(model.executable, state, Int32Array.from(read('input_ids')));
    const rows: number[] = [];
    for (const id of read('generated_ids')) rows.push(...(await feed(model.executable, state, Int32Array.of(id))).data);
    state.dispose();
    expect(rows).toHaveLength(6 * 256);
    expect(maxAbsError(Float32Array.from(rows), read('decode_logits'))).toBeLessThan(tolerance);
  });

  test('llama generates the text of transformers', async () => {
    await using model = await load('llama');
    const read = await golden('llama');
    const { ids } = await model
      .generate({ promptIds: [...read('input_ids')], maxNewTokens: 6, ignoreEos: true })
      .result();
    expect(ids).toEqual([...read('generated_ids')]);
  });

  test.each([0, 1, 2])('llama has the hidden states of transformers (%d)', async (i) => {
    await using model = await load('llama');
    const read = await golden('llama');
    const ids = Int32Array.from(read('input_ids'));
    const scope = i === 0 ? 'embedding' : `layers.${i - 1}`;
    const { taps } = await model.executable.run(newState(model.executable), {
      tokens: ids,
      positions: ids.map((_, at) => at),
      sequences: [{ slot: 0, from: 0, count: ids.length }],
      want: { taps: [scope] },
    });
    expect(maxAbsError(taps[scope]?.data ?? new Float32Array(), read(`hidden_states.${i}`))).toBeLessThan(tolerance);
  });
});
