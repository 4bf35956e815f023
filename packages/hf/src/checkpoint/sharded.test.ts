import { CheckpointError } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { buildSafetensors } from '../fixtures/build-safetensors.ts';
import { memoryFiles } from '../fixtures/memory-files.ts';
import { openSafetensors } from './sharded.ts';

const f32 = { dtype: 'F32', shape: [1], bytes: 4 };
const [one, two] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
const index = (weight_map: unknown) => JSON.stringify({ metadata: { total_size: 8 }, weight_map });
const indexName = 'model.safetensors.index.json';

test('one file', async () => {
  const files = memoryFiles({ 'model.safetensors': buildSafetensors({ a: f32 }) });
  const { tensors } = await openSafetensors(files);
  expect(tensors.get('a')).toMatchObject({ file: 'model.safetensors', shape: [1] });
});

test('shards, as the index says', async () => {
  const { tensors, files } = await openSafetensors(
    memoryFiles({
      [indexName]: index({ a: one, b: two }),
      [one]: buildSafetensors({ a: f32 }),
      [two]: buildSafetensors({ b: f32 }),
    }),
  );
  expect([...files.keys()]).toEqual([one, two]);
  expect([tensors.get('a')?.file, tensors.get('b')?.file]).toEqual([one, two]);
});

test.each<[string, unknown, Record<string, Uint8Array>, RegExp]>([
  ['a shard that is not there', { a: one, b: two }, { [one]: buildSafetensors({ a: f32 }) }, /names 2 files, but 1/],
  ['a tensor that its shard lacks', { a: one, b: one }, { [one]: buildSafetensors({ a: f32 }) }, /lacks tensor "b"/],
  ['a tensor that the index lacks', { a: one }, { [one]: buildSafetensors({ a: f32, b: f32 }) }, /holds tensor "b"/],
  ['a path out of the folder', { a: '../x.safetensors' }, {}, /"weight_map\.a": must be the name/],
  ['no map', 1, {}, /"weight_map"/],
  ['a broken shard', { a: one }, { [one]: new Uint8Array(3) }, /00001.*has 3 bytes/],
])('%s', async (_, map, shards, message) => {
  const files = memoryFiles({ [indexName]: index(map), ...shards });
  const error = await openSafetensors(files).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(CheckpointError);
  expect(String(error)).toMatch(message);
  expect(files.opened.size).toBe(0);
});
