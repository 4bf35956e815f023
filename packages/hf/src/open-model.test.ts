import { CheckpointError, UnsupportedModelError } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { buildGguf } from './fixtures/build-gguf.ts';
import { buildSafetensors } from './fixtures/build-safetensors.ts';
import { memoryFiles } from './fixtures/memory-files.ts';
import { tinyConfig, tinyGgufTensors, tinyMetadata, tinyTensors } from './fixtures/tiny-llama.ts';
import { openModel } from './open-model.ts';

const config = JSON.stringify(tinyConfig);
const safetensors = buildSafetensors(tinyTensors());
const gguf = buildGguf({ metadata: tinyMetadata, tensors: tinyGgufTensors() });

test('safetensors are preferred to GGUF, and GGUF to nothing', async () => {
  const all = { 'config.json': config, 'model.safetensors': safetensors, 'model.gguf': gguf };
  expect(await openModel(memoryFiles(all))).toMatchObject({ name: 'memory', format: 'safetensors', gguf: null });
  const { 'model.safetensors': _, ...rest } = all;
  expect(await openModel(memoryFiles(rest))).toMatchObject({ format: 'gguf' });
});

test('headersOnly opens safetensors that were cut after their header', async () => {
  const length = Number(new DataView(safetensors.buffer).getBigUint64(0, true));
  const files = memoryFiles({ 'config.json': config, 'model.safetensors': safetensors.slice(0, 8 + length) });
  await expect(openModel(files)).rejects.toThrow(CheckpointError);
  expect((await openModel(files, { headersOnly: true })).spec.numLayers).toBe(2);
});

test.each<[string, Record<string, Uint8Array | string>, RegExp]>([
  ['nothing', {}, /neither config\.json nor a \.gguf file; there are no files/],
  ['weights alone', { 'model.safetensors': safetensors }, /neither config\.json nor .*there are model\.safetensors/],
  [
    'a config alone',
    { 'config.json': config, 'tokenizer.json': '' },
    /no model\.safetensors.*there are config\.json, tokenizer\.json/,
  ],
  [
    'pickled weights',
    { 'config.json': config, 'pytorch_model.bin': '' },
    /^pytorch_model\.bin: is a pickle, .*: convert it with .*safetensors/,
  ],
  ['a config that is not JSON', { 'config.json': '{', 'model.safetensors': safetensors }, /^config\.json: is not JSON/],
  ['several GGUF files', { 'a.gguf': gguf, 'b.gguf': gguf }, /2 \.gguf files: name one of them: a\.gguf, b\.gguf/],
  ['GGUF files in folders only', { 'inner/a.gguf': gguf }, /neither/],
])('%s', async (_, contents, message) => {
  const error = await openModel(memoryFiles(contents)).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(CheckpointError);
  expect(error instanceof Error && error.message).toMatch(message);
});

test('an adapter is refused by name, also beside a model: transformers would add it', async () => {
  const adapter = {
    'adapter_config.json': '{"base_model_name_or_path": "owner/base"}',
    'adapter_model.safetensors': '',
  };
  const whole = { ...adapter, 'config.json': config, 'model.safetensors': safetensors };
  for (const contents of [adapter, whole]) {
    const opened = openModel(memoryFiles(contents));
    await expect(opened).rejects.toThrow(/^adapter_config\.json: this is an adapter \(LoRA\) of owner\/base, .*merge/);
    await expect(opened).rejects.toThrow(UnsupportedModelError);
  }
});

test('an unknown family is reported before its weights are looked for', async () => {
  await expect(openModel(memoryFiles({ 'config.json': '{"model_type": "mamba"}' }))).rejects.toThrow(
    UnsupportedModelError,
  );
});
