import type { ModelSpec } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { convertConfig } from '../convert.ts';

const dims = {
  ...{ hidden_size: 64, intermediate_size: 96, vocab_size: 100, num_hidden_layers: 7, sliding_window: 8 },
  ...{ num_attention_heads: 4, num_key_value_heads: 2, head_dim: 16, hidden_size_per_layer_input: 0 },
};
const experts = { enable_moe_block: true, num_experts: 4, top_k_experts: 2, moe_intermediate_size: 24 };
const specOf = (config: object) => convertConfig({ model_type: 'gemma4_text', ...dims, ...config }).spec;
const attentionsOf = ({ layers }: ModelSpec) =>
  layers.flatMap(({ mixer }) => (mixer?.kind === 'attention' ? [mixer] : []));

test('every sixth layer and the last see all tokens, by wider heads whose values may be their keys', () => {
  const spec = specOf({ attention_k_eq_v: true, num_global_key_value_heads: 1, global_head_dim: 32 });
  const attentions = attentionsOf(spec);
  expect(attentions.map(({ slidingWindowSize }) => slidingWindowSize)).toEqual([8, 8, 8, 8, 8, null, null]);
  expect(attentions[0]).toMatchObject({ headDim: 16, numKvHeads: 2, valuesAreKeys: false, scale: 1 });
  expect(attentions[5]).toMatchObject({ headDim: 32, numKvHeads: 1, valuesAreKeys: true, vNorm: { weight: 'none' } });
  expect(spec).toMatchObject({
    embeddingScale: 8,
    tieEmbeddings: true,
    layers: Array(7).fill({ useOutputScale: true }),
  });
  expect(attentionsOf(specOf({ num_global_key_value_heads: 1 }))[5]).toMatchObject({ numKvHeads: 2, headDim: 512 });
});

test('a list of other values layer by layer says the same', () => {
  const short = { num_hidden_layers: 2, attention_k_eq_v: true };
  const hub = specOf({ ...short, num_global_key_value_heads: 1, global_head_dim: 32 });
  const written = specOf({ ...short, per_layer_config: { 1: { head_dim: 32, num_key_value_heads: 1 } } });
  expect(written).toEqual(hub);
});

test('of a head the first pairs turn, by frequencies that count all', () => {
  const { ropeTables } = specOf({ global_head_dim: 32 });
  const [sliding, full] = Object.values(ropeTables);
  expect(sliding).toMatchObject({ theta: 10_000, rotaryDim: 16, scaling: { kind: 'default' } });
  expect(full).toMatchObject({ theta: 1_000_000, rotaryDim: 32, scaling: { kind: 'factors', attentionFactor: 1 } });
  const factors = full?.scaling.kind === 'factors' ? full.scaling.factors : [];
  expect(factors.map((factor) => factor === 1)).toEqual(Array.from({ length: 16 }, (_, pair) => pair < 4));
});

test('experts stand beside the network, each with norms; the router sees what comes before them', () => {
  const [layer] = specOf(experts).layers;
  expect(layer?.norms).toMatchObject({ preFfn: null, postFfn: { weight: 'plain' } });
  expect(layer?.ffn).toMatchObject({
    ...{ kind: 'moe', numExperts: 4, topK: 2, intermediateDim: 24, norms: { pre: {}, post: {} } },
    router: { norm: { weight: 'plain' }, logitScale: 0.125, useExpertScale: true, normalize: true },
    shared: { ffn: { intermediateDim: 96 }, useGate: false, norms: { pre: {}, post: {} } },
  });
  expect(specOf({}).layers[0]).toMatchObject({ ffn: { kind: 'dense' }, norms: { preFfn: { weight: 'plain' } } });
});

test('what nobody implements, or is missing, is refused by its key', () => {
  const { hidden_size_per_layer_input: _, ...others } = dims;
  expect(() => convertConfig({ model_type: 'gemma4_text', ...others })).toThrow(
    'hidden_size_per_layer_input: 256 is not supported; there are 0',
  );
  expect(() => specOf({ num_kv_shared_layers: 2 })).toThrow('num_kv_shared_layers: 2 is not supported');
  expect(() => specOf({ use_bidirectional_attention: 'all' })).toThrow('use_bidirectional_attention: "all" is not');
  const linear = { rope_type: 'linear', factor: 2 };
  expect(() => specOf({ rope_parameters: { full_attention: linear, sliding_attention: {} } })).toThrow(
    'rope_parameters.full_attention.rope_type: "linear" is not supported',
  );
  expect(() => specOf({ ...experts, num_experts: null })).toThrow('num_experts: is missing, but enable_moe_block');
  expect(() => specOf({ ...experts, top_k_experts: 5 })).toThrow('top_k_experts: is 5, but num_experts is 4');
});

test('is the language model of the whole, as the hub has it', () => {
  const nested = convertConfig({
    ...{ model_type: 'gemma4', audio_config: null, vision_config: {}, boi_token_id: 3, tie_word_embeddings: true },
    text_config: { model_type: 'gemma4_text', ...dims, use_bidirectional_attention: 'vision' },
  });
  expect(nested.spec).toEqual(specOf({}));
  expect(nested.report.unknown).toEqual([]);
});
