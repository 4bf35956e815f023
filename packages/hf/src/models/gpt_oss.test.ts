import { dequantise, dtypeOf, readWeight } from '@tttv2/graph';
import { expect, test } from 'vitest';
import { buildSafetensors, type SafetensorsEntry } from '../fixtures/build-safetensors.ts';
import { memoryFiles } from '../fixtures/memory-files.ts';
import { openModel } from '../open-model.ts';

const [hidden, inner, experts, heads, headDim] = [32, 32, 2, 2, 4];
const config = {
  model_type: 'gpt_oss',
  vocab_size: 8,
  hidden_size: hidden,
  intermediate_size: inner,
  num_hidden_layers: 1,
  num_attention_heads: heads,
  num_key_value_heads: 1,
  head_dim: headDim,
  num_local_experts: experts,
  num_experts_per_tok: 1,
  tie_word_embeddings: true,
  quantization_config: { quant_method: 'mxfp4' },
};

/** A row of ones times two to the power of its number less 30: which row it is can be read off. */
function packed(name: string, rows: number): Record<string, SafetensorsEntry> {
  const exponents = Uint8Array.from({ length: experts * rows }, (_, i) => 127 - 30 + (i % rows));
  return {
    [`${name}_blocks`]: {
      dtype: 'U8',
      shape: [experts, rows, 1, 16],
      bytes: new Uint8Array(experts * rows * 16).fill(0x22),
    },
    [`${name}_scales`]: { dtype: 'U8', shape: [experts, rows, 1], bytes: exponents },
  };
}

const inLayer = 'model.layers.0';
const tensors: Record<string, SafetensorsEntry> = {
  'model.embed_tokens.weight': zeros([8, hidden]),
  'model.norm.weight': zeros([hidden]),
  [`${inLayer}.input_layernorm.weight`]: zeros([hidden]),
  [`${inLayer}.post_attention_layernorm.weight`]: zeros([hidden]),
  ...linear('self_attn.q_proj', heads * headDim, hidden),
  ...linear('self_attn.k_proj', headDim, hidden),
  ...linear('self_attn.v_proj', headDim, hidden),
  ...linear('self_attn.o_proj', hidden, heads * headDim),
  [`${inLayer}.self_attn.sinks`]: zeros([heads]),
  ...linear('mlp.router', experts, hidden),
  ...packed(`${inLayer}.mlp.experts.gate_up_proj`, 2 * inner),
  ...packed(`${inLayer}.mlp.experts.down_proj`, hidden),
  [`${inLayer}.mlp.experts.gate_up_proj_bias`]: numbers([experts, 2 * inner]),
  [`${inLayer}.mlp.experts.down_proj_bias`]: numbers([experts, hidden]),
};

test('rows of gate and up take turns, packed as they are', async () => {
  const { weights } = await openModel(
    memoryFiles({ 'config.json': JSON.stringify(config), 'model.safetensors': buildSafetensors(tensors) }),
  );
  const read = async (parameter: string) => {
    const expr = weights.describe(`layers.0.ffn.experts.${parameter}`);
    return { dtype: dtypeOf(expr), data: [...dequantise(await readWeight(weights, expr), dtypeOf(expr))] };
  };
  const powers = (rows: number[]) =>
    [0, 1].flatMap(() => rows.flatMap((row) => Array.from({ length: 32 }, () => 2 ** (row - 30))));
  const every = (from: number, step: number) => Array.from({ length: 32 }, (_, i) => from + step * i);
  expect(await read('gate.weight')).toEqual({ dtype: 'mxfp4', data: powers(every(0, 2)) });
  expect(await read('up.weight')).toEqual({ dtype: 'mxfp4', data: powers(every(1, 2)) });
  expect(await read('down.weight')).toEqual({ dtype: 'mxfp4', data: powers(every(0, 1)) });
  expect((await read('gate.bias')).data).toEqual([...every(0, 2), ...every(64, 2)]);
  expect((await read('up.bias')).data).toEqual([...every(1, 2), ...every(65, 2)]);
});

function linear(name: string, out: number, input: number): Record<string, SafetensorsEntry> {
  return { [`${inLayer}.${name}.weight`]: zeros([out, input]), [`${inLayer}.${name}.bias`]: zeros([out]) };
}

function numbers(shape: number[]): SafetensorsEntry {
  const count = shape.reduce((product, dim) => product * dim, 1);
  const bytes = new Uint8Array(Float32Array.from({ length: count }, (_, i) => i).buffer);
  return { dtype: 'F32', shape, bytes };
}

function zeros(shape: number[]): SafetensorsEntry {
  const count = shape.reduce((product, dim) => product * dim, 1);
  return { dtype: 'F32', shape, bytes: new Uint8Array(4 * count) };
}
