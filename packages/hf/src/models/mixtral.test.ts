import { readWeight } from '@tttv2/graph';
import { expect, test } from 'vitest';
import { buildSafetensors, type SafetensorsEntry } from '../fixtures/build-safetensors.ts';
import { memoryFiles } from '../fixtures/memory-files.ts';
import { openModel } from '../open-model.ts';

const [hidden, inner, experts] = [4, 3, 2];
const config = {
  model_type: 'mixtral',
  vocab_size: 8,
  hidden_size: hidden,
  intermediate_size: inner,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  num_local_experts: experts,
  tie_word_embeddings: true,
};

/** Numbers that say which tensor, expert, row and column they are of. */
const matrix = (of: number, expert: number, rows: number, columns: number) =>
  Array.from({ length: rows * columns }, (_, i) => of * 1000 + expert * 100 + i);
const gate = (expert: number) => matrix(1, expert, inner, hidden);
const up = (expert: number) => matrix(2, expert, inner, hidden);
const down = (expert: number) => matrix(3, expert, hidden, inner);
const router = tensor([experts, hidden], matrix(4, 0, experts, hidden));

const attention = 'model.layers.0.self_attn';
const shared: Record<string, SafetensorsEntry> = {
  'model.embed_tokens.weight': zeros([8, hidden]),
  'model.norm.weight': zeros([hidden]),
  'model.layers.0.input_layernorm.weight': zeros([hidden]),
  'model.layers.0.post_attention_layernorm.weight': zeros([hidden]),
  [`${attention}.q_proj.weight`]: zeros([hidden, hidden]),
  [`${attention}.k_proj.weight`]: zeros([2, hidden]),
  [`${attention}.v_proj.weight`]: zeros([2, hidden]),
  [`${attention}.o_proj.weight`]: zeros([hidden, hidden]),
};

/** As checkpoints on the hub have them: each matrix of each expert by itself. */
const apart: Record<string, SafetensorsEntry> = {
  'model.layers.0.block_sparse_moe.gate.weight': router,
  ...Object.fromEntries(
    [0, 1].flatMap((expert) => {
      const name = `model.layers.0.block_sparse_moe.experts.${expert}`;
      return [
        [`${name}.w1.weight`, tensor([inner, hidden], gate(expert))],
        [`${name}.w2.weight`, tensor([hidden, inner], down(expert))],
        [`${name}.w3.weight`, tensor([inner, hidden], up(expert))],
      ];
    }),
  ),
};

/** As transformers 5 holds them: all experts in one, gate above up. */
const fused: Record<string, SafetensorsEntry> = {
  'model.layers.0.mlp.gate.weight': router,
  'model.layers.0.mlp.experts.gate_up_proj': tensor(
    [experts, 2 * inner, hidden],
    [0, 1].flatMap((expert) => [...gate(expert), ...up(expert)]),
  ),
  'model.layers.0.mlp.experts.down_proj': tensor([experts, hidden, inner], [0, 1].flatMap(down)),
};

test.each([
  ['one by one', apart],
  ['fused', fused],
])('experts %s', async (_, tensors) => {
  const { weights } = await open(tensors);
  const read = async (name: string) => {
    const bytes = await readWeight(weights, weights.describe(`layers.0.ffn.${name}.weight`));
    return [...new Float32Array(bytes.slice().buffer)];
  };
  expect(await read('experts.gate')).toEqual([...gate(0), ...gate(1)]);
  expect(await read('experts.up')).toEqual([...up(0), ...up(1)]);
  expect(await read('experts.down')).toEqual([...down(0), ...down(1)]);
  expect(await read('router')).toEqual(matrix(4, 0, experts, hidden));
});

test('an expert that is missing is named', async () => {
  const { 'model.layers.0.block_sparse_moe.experts.1.w2.weight': _, ...others } = apart;
  await expect(open(others)).rejects.toThrow(
    '1 tensor is missing: model.layers.0.block_sparse_moe.experts.1.w2.weight (layers.0.ffn.experts.down.weight)',
  );
});

test('a fused tensor of another shape is named once', async () => {
  const wrong = { ...fused, 'model.layers.0.mlp.experts.gate_up_proj': zeros([experts, inner, hidden]) };
  await expect(open(wrong)).rejects.toThrow(
    /config\. 1 tensor is wrong: model\.layers\.0\.mlp\.experts\.gate_up_proj is float32 \[2, 3, 4\] and should be float \[2, 6, 4\]:/,
  );
});

function open(tensors: Record<string, SafetensorsEntry>) {
  const files = {
    'config.json': JSON.stringify(config),
    'model.safetensors': buildSafetensors({ ...shared, ...tensors }),
  };
  return openModel(memoryFiles(files));
}

function tensor(shape: number[], numbers: readonly number[]): SafetensorsEntry {
  return { dtype: 'F32', shape, bytes: new Uint8Array(Float32Array.from(numbers).buffer) };
}

function zeros(shape: number[]): SafetensorsEntry {
  return tensor(shape, Array(shape.reduce((product, dim) => product * dim, 1)).fill(0));
}
