import type { ModelSpec } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { convertConfig } from '../convert.ts';

const dims = {
  ...{ hidden_size: 64, vocab_size: 100, num_attention_heads: 4, num_key_value_heads: 2, head_dim: 16 },
  ...{ num_hidden_layers: 8, intermediate_size: 24, intermediate_size_mlp: 96, num_local_experts: 4 },
};
const specOf = (config: object) => convertConfig({ model_type: 'llama4_text', ...dims, ...config }).spec;
const attentionsOf = ({ layers }: ModelSpec) =>
  layers.flatMap(({ mixer }) => (mixer?.kind === 'attention' ? [mixer] : []));
const ffnsOf = ({ layers }: ModelSpec) => layers.map(({ ffn }) => ffn?.kind);
const each = Array.from({ length: 8 }, (_, layer) => (layer + 1) % 4 === 0);

test('every fourth layer sees all tokens and no positions, and its queries grow; others see chunks', () => {
  const attentions = attentionsOf(specOf({ attention_chunk_size: 32, floor_scale: 16 }));
  expect(attentions.map(({ rope }) => rope === null)).toEqual(each);
  expect(attentions.map(({ chunkSize }) => chunkSize === null)).toEqual(each);
  expect(attentions.map(({ qkNorm }) => qkNorm === null)).toEqual(each);
  expect(attentions.map(({ queryGrowth }) => queryGrowth !== null)).toEqual(each);
  expect(attentions[0]).toMatchObject({ chunkSize: 32, qkNorm: { norm: { weight: 'none' }, order: 'after_rope' } });
  expect(attentions[3]).toMatchObject({ queryGrowth: { interval: 16, strength: 0.1 } });
  expect(Object.values(specOf({}).ropeTables)).toMatchObject([{ theta: 500_000, layout: 'interleaved' }]);
});

test('lists say it layer by layer, an empty one nothing', () => {
  const two = { num_hidden_layers: 2, no_rope_layers: [0, 1], layer_types: ['chunked_attention', 'full_attention'] };
  expect(attentionsOf(specOf(two))).toMatchObject([
    { rope: null, chunkSize: 8192, queryGrowth: { interval: 8192 } },
    { rope: 'main', chunkSize: null, queryGrowth: null },
  ]);
  expect(specOf({ no_rope_layers: [] })).toEqual(specOf({}));
  const off = { attention_chunk_size: null, use_qk_norm: false, attn_temperature_tuning: false };
  for (const { chunkSize, qkNorm, queryGrowth } of attentionsOf(specOf(off)))
    expect([chunkSize, qkNorm, queryGrowth]).toEqual([null, null, null]);
});

test('experts come in layers that a step or a list names, their input by their scores', () => {
  const [moe, dense] = ['moe', 'dense'];
  expect(ffnsOf(specOf({ num_hidden_layers: 4 }))).toEqual([moe, moe, moe, moe]);
  expect(ffnsOf(specOf({ num_hidden_layers: 4, interleave_moe_layer_step: 2 }))).toEqual([dense, moe, dense, moe]);
  expect(ffnsOf(specOf({ num_hidden_layers: 4, moe_layers: [0] }))).toEqual([moe, dense, dense, dense]);
  const [first, second] = specOf({ moe_layers: [0] }).layers;
  const router = { score: 'sigmoid', order: 'topk_then_score', normalize: false, scored: 'inputs' };
  expect(first?.ffn).toMatchObject({ intermediateDim: 24, topK: 1, router, shared: { ffn: { intermediateDim: 24 } } });
  expect(second?.ffn).toMatchObject({ intermediateDim: 96 });
});

test('is the language model of the whole, as the hub has it', () => {
  const nested = convertConfig({
    ...{ model_type: 'llama4', vision_config: {}, boi_token_index: 1, image_token_index: 2 },
    text_config: { model_type: 'llama4_text', ...dims, attn_temperature_tuning: 4, rope_scaling: null },
  });
  expect(nested.spec).toEqual(specOf({}));
  expect(nested.report.unknown).toEqual([]);
});

test('lists that do not fit are refused by their key', () => {
  expect(() => specOf({ no_rope_layers: [1] })).toThrow('no_rope_layers: has 1 entries, but num_hidden_layers is 8');
  expect(() => specOf({ layer_types: ['full_attention'] })).toThrow('layer_types: has 1 entries');
  const chunked = { layer_types: Array(8).fill('chunked_attention'), attention_chunk_size: null };
  expect(() => specOf(chunked)).toThrow('attention_chunk_size: there is none, but layer_types has chunked_attention');
});
