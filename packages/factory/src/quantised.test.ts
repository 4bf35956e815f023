import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { cpuBackend } from '@tttv2/backend-cpu';
import { type Backend, dequantise, referenceBackend } from '@tttv2/graph';
import { readSafetensorsHeader } from '@tttv2/hf';
import { localFiles } from '@tttv2/hf/node';
import { feedAll } from '@tttv2/runtime';
import { maxAbsError } from '@tttv2/testing';
import { expect, test } from 'vitest';
import { createModelFactory } from './index.node.ts';
import type { PlaceOptions } from './model-factory.ts';

type Hardware = NonNullable<PlaceOptions['hardware']>;

// Recorded by tooling/golden/record_quantised.py: the logits are of the numbers that transformers dequantises.
const folder = fileURLToPath(new URL('testing/fixtures/qwen3_fp8', import.meta.url));

async function recorded() {
  const file = await (await localFiles(folder)).open('golden.safetensors');
  const tensors = await readSafetensorsHeader(file, 'golden.safetensors');
  const read = async (name: string) => {
    const { offset, bytes } = tensors.get(name) ?? { offset: 0, bytes: 0 };
    return (await file.read(offset, bytes)).slice();
  };
  const [ids, logits] = [await read('input_ids'), await read('logits')];
  await file.close();
  return { ids: new Int32Array(ids.buffer), logits: dequantise(logits, 'float32') };
}

async function computed(backend: Backend, hardware: Hardware, ids: Int32Array): Promise<Float32Array> {
  const factory = createModelFactory({ backends: [backend] });
  await using model = await factory.load(folder, { device: backend.name, hardware });
  const state = model.executable.createState({ maxSequences: 1, totalTokens: 32, tokensPerSequence: 32 });
  const rows: number[] = [];
  for await (const { data } of feedAll(model.executable, state, ids)) rows.push(...data);
  state.dispose();
  return Float32Array.from(rows);
}

test.each<[string, Backend, Hardware]>([
  ['cpu', cpuBackend, { weightDtype: 'float32', threads: 1 }],
  ['reference', referenceBackend, {}],
  ['reference, cut for two devices', referenceBackend, { tensorParallelSize: 2 }],
])('on %s a checkpoint of float8 in blocks has the numbers of transformers', async (_, backend, hardware) => {
  const { ids, logits } = await recorded();
  expect(logits).toHaveLength(24 * 256);
  expect(maxAbsError(await computed(backend, hardware, ids), logits)).toBeLessThan(2e-4);
});

test('the fixture is of float8, in blocks that do not fill the matrices, beside a matrix that is not', async () => {
  const config: unknown = JSON.parse(await readFile(`${folder}/config.json`, 'utf8'));
  expect(config).toMatchObject({ intermediate_size: 40, quantization_config: { weight_block_size: [16, 16] } });
  const file = await (await localFiles(folder)).open('model.safetensors');
  const tensors = await readSafetensorsHeader(file, 'model.safetensors');
  expect(tensors.get('model.layers.1.self_attn.o_proj.weight')?.dtype).toBe('float8_e4m3');
  expect(tensors.get('model.layers.0.self_attn.o_proj.weight')?.dtype).toBe('bfloat16');
  expect(tensors.get('model.layers.0.mlp.up_proj.weight_scale_inv')?.shape).toEqual([3, 2]);
  await file.close();
});
