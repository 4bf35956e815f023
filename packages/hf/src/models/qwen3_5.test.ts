import { expect, test } from 'vitest';
import { convertConfig } from '../convert.ts';

const heads = {
  ...{ num_attention_heads: 4, num_key_value_heads: 2, head_dim: 32 },
  ...{ linear_num_key_heads: 2, linear_num_value_heads: 6, linear_key_head_dim: 8, linear_value_head_dim: 8 },
};
const dims = { ...heads, hidden_size: 64, vocab_size: 100, num_hidden_layers: 8 };
const experts = {
  moe_intermediate_size: 16,
  shared_expert_intermediate_size: 24,
  num_experts: 4,
  num_experts_per_tok: 2,
};
const rope = (keys: object) => ({ rope_parameters: { rope_theta: 5000, ...keys } });
const specOf = (config: object) => convertConfig({ model_type: 'qwen3_5_text', ...dims, ...config }).spec;
const kindsOf = (config: object) => specOf(config).layers.map(({ mixer }) => mixer?.kind === 'attention');

test('every fourth layer is softmax attention, or as its keys say', () => {
  const [yes, no] = [true, false];
  expect(kindsOf({})).toEqual([no, no, no, yes, no, no, no, yes]);
  expect(kindsOf({ full_attention_interval: 3 })).toEqual([no, no, yes, no, no, yes, no, no]);
  const layer_types = ['full_attention', 'linear_attention'];
  expect(kindsOf({ num_hidden_layers: 2, layer_types })).toEqual([yes, no]);
  expect(() => specOf({ layer_types })).toThrow('layer_types: has 2 entries, but num_hidden_layers is 8');
});

test('a quarter of each head turns where no key says it, by axes that take turns', () => {
  const { layers, ropeTables } = specOf(rope({}));
  expect(layers[0]).toMatchObject({
    mixer: { kind: 'gated_delta', numHeads: 6, numKeyHeads: 2, headDim: 8, keyDim: 8, convWidth: 4 },
    norms: { preMixer: { weight: 'one_plus' }, preFfn: { weight: 'one_plus' } },
  });
  expect(layers[3]?.mixer).toMatchObject({ outputGate: 'per_number', qkNorm: { norm: { weight: 'one_plus' } } });
  // Of 11, 11 and 10 pairs, those of a head with 4.
  const mrope = { sections: [2, 1, 1], isInterleaved: true };
  expect(Object.values(ropeTables)).toMatchObject([{ theta: 5000, rotaryDim: 8, mrope }]);
  const half = rope({ partial_rotary_factor: 0.5, mrope_section: [3, 3, 2] });
  expect(Object.values(specOf(half).ropeTables)).toMatchObject([{ rotaryDim: 16, mrope: { sections: [3, 3, 2] } }]);
  expect(() => specOf(rope({ mrope_section: [11, 11, 10] }))).toThrow('mrope_section: sums up to 32');
});

test.each([
  ['qwen3_5', 'qwen3_5_text', {}],
  ['qwen3_5_moe', 'qwen3_5_moe_text', experts],
])('%s is the language model of the whole, as the hub has it', (whole, text, keys) => {
  const config = { ...dims, ...keys, ...rope({ mrope_section: [2, 1, 1], mrope_interleaved: true }) };
  const alone = convertConfig({ model_type: text, ...config });
  const unread = { attn_output_gate: true, mlp_only_layers: [], mtp_num_hidden_layers: 1, mamba_ssm_dtype: 'float32' };
  const nested = convertConfig({
    ...{ model_type: whole, vision_config: { depth: 2 }, image_token_id: 7, tie_word_embeddings: false },
    text_config: { model_type: text, ...config, ...unread },
  });
  expect(nested.spec).toEqual(alone.spec);
  expect([...alone.report.unknown, ...nested.report.unknown]).toEqual([]);
});

test('experts share one behind a gate', () => {
  const { layers } = convertConfig({ model_type: 'qwen3_5_moe_text', ...dims, ...experts }).spec;
  const shared = { ffn: { intermediateDim: 24 }, useGate: true };
  expect(layers[0]?.ffn).toMatchObject({ kind: 'moe', intermediateDim: 16, router: { normalize: true }, shared });
});

test('qwen3_next has experts in the layers that its keys name, and positions of one axis', () => {
  const next = { model_type: 'qwen3_next', ...dims, ...experts, intermediate_size: 96 };
  const ffnsOf = (keys: object) =>
    convertConfig({ ...next, num_hidden_layers: 4, ...keys }).spec.layers.map(({ ffn }) => ffn?.kind);
  expect(ffnsOf({})).toEqual(['moe', 'moe', 'moe', 'moe']);
  expect(ffnsOf({ decoder_sparse_step: 2, mlp_only_layers: [3] })).toEqual(['dense', 'moe', 'dense', 'dense']);
  expect(convertConfig(next).spec.positionAxes).toBe(1);
});

test('heads that do not share keys, and what nobody implements, are refused by name', () => {
  expect(() => specOf({ linear_num_key_heads: 4 })).toThrow(
    'linear_num_key_heads: 4 does not divide linear_num_value_heads 6',
  );
  expect(() => specOf({ attention_bias: true })).toThrow('attention_bias: true is not supported');
  expect(() => specOf({ attn_output_gate: false })).toThrow('attn_output_gate: false is not supported');
});
