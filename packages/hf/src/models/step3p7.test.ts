import type { ModelSpec } from '@tttv2/spec';
import { UnsupportedModelError } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { convertConfig } from '../convert.ts';

const dims = {
  ...{ hidden_size: 64, intermediate_size: 96, vocab_size: 100, num_hidden_layers: 5, sliding_window: 8 },
  ...{ num_attention_heads: 4, num_key_value_heads: 2, head_dim: 16 },
  layer_types: ['full_attention', ...Array(4).fill('sliding_attention')],
};
const specOf = (config: object) => convertConfig({ model_type: 'step3p7', ...dims, ...config }).spec;
const attentionsOf = ({ layers }: ModelSpec) =>
  layers.flatMap(({ mixer }) => (mixer?.kind === 'attention' ? [mixer] : []));

test('layers with a window have heads of their own, said in any of three ways', () => {
  const said = [
    { num_sliding_attention_heads: 6 },
    { attention_other_setting: { num_attention_heads: 6 } },
    { per_layer_config: Object.fromEntries([1, 2, 3, 4].map((i) => [i, { num_attention_heads: 6 }])) },
  ].map(specOf);
  expect(attentionsOf(said[0] ?? specOf({})).map(({ numHeads }) => numHeads)).toEqual([4, 6, 6, 6, 6]);
  expect(said[1]).toEqual(said[0]);
  expect(said[2]).toEqual(said[0]);
});

test('lists of one entry a layer go on for layers that are left out', () => {
  const further = { num_nextn_predict_layers: 2, rope_theta: [5e4, 1e4, 1e4, 1e4, 1e4, 7, 7] };
  const parts = [0.5, 1, 1, 1, 1, 1, 1];
  const layer_types = [...dims.layer_types, 'full_attention', 'full_attention'];
  const { ropeTables, layers } = specOf({ ...further, layer_types, partial_rotary_factors: parts });
  expect(layers).toHaveLength(5);
  expect(Object.values(ropeTables)).toMatchObject([
    { theta: 5e4, rotaryDim: 8 },
    { theta: 1e4, rotaryDim: 16 },
  ]);
});

test('experts stand where a list says, or from the fourth layer on', () => {
  const kinds = (config: object) => specOf(config).layers.map(({ ffn }) => ffn?.kind);
  expect(kinds({})).toEqual(['dense', 'dense', 'dense', 'moe', 'moe']);
  expect(kinds({ moe_layers_enum: '1,2,4' })).toEqual(['dense', 'moe', 'moe', 'dense', 'moe']);
  expect(kinds({ first_k_dense_replace: 1 })).toEqual(['dense', 'moe', 'moe', 'moe', 'moe']);
  expect(specOf({}).layers[4]).toMatchObject({
    mixer: { outputGate: 'per_head', qkNorm: { norm: { weight: 'one_plus' } } },
    ffn: { router: { score: 'sigmoid', useSelectionBias: true }, shared: { ffn: { intermediateDim: 1280 } } },
  });
});

test('bounds of activated gates are refused by name; 0 is none', () => {
  expect(specOf({ swiglu_limits: [0, null, 0, 0, 0] })).toEqual(specOf({}));
  const limited = () => specOf({ swiglu_limits_shared: [0, 0, 0, 0, 16] });
  expect(limited).toThrow(UnsupportedModelError);
  expect(limited).toThrow('swiglu_limits_shared.4: 16 is not supported');
});
