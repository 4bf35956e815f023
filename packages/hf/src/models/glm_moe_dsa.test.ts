import type { ModelSpec } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { convertConfig } from '../convert.ts';

const dims = { hidden_size: 64, vocab_size: 100, num_hidden_layers: 5, n_routed_experts: 16, index_topk: 7 };
const specOf = (config: object) => convertConfig({ model_type: 'glm_moe_dsa', ...dims, ...config }).spec;
const selectionsOf = ({ layers }: ModelSpec) =>
  layers.map(({ mixer }) => (mixer?.kind === 'mla' ? mixer.selection : undefined));
const kindsOf = (config: object) => selectionsOf(specOf(config)).map((selection) => selection?.kind);
const [own, shared] = ['own', 'shared'];

test('all layers select for themselves, or as a list, a text or a step says', () => {
  expect(kindsOf({})).toEqual([own, own, own, own, own]);
  const list = ['full', 'shared', 'shared', 'full', 'shared'];
  const expected = [own, shared, shared, own, shared];
  expect(kindsOf({ indexer_types: list })).toEqual(expected);
  expect(kindsOf({ index_topk_pattern: list })).toEqual(expected);
  expect(kindsOf({ index_topk_pattern: 'FSSFS' })).toEqual(expected);
  expect(kindsOf({ index_topk_freq: 3, index_skip_topk_offset: 2 })).toEqual([own, own, shared, shared, own]);
  expect(selectionsOf(specOf({ index_topk_pattern: 'FSSFS' })).slice(0, 2)).toEqual([
    { kind: 'own', numHeads: 32, headDim: 128, topK: 7, layout: 'interleaved', normEps: 1e-6 },
    { kind: 'shared', topK: 7 },
  ]);
});

test('lists that do not fit are refused by their key', () => {
  expect(() => specOf({ indexer_types: ['full'] })).toThrow('indexer_types: has 1 entries, but num_hidden_layers is 5');
  expect(() => specOf({ index_topk_pattern: 'SFFFF' })).toThrow('indexer_types: begins with a layer that shares');
  expect(() => specOf({ mlp_layer_types: ['dense'] })).toThrow('mlp_layer_types: has 1 entries');
  expect(() => specOf({ index_head_dim: 32 })).toThrow('index_head_dim: is 32, but qk_rope_head_dim is 64');
  expect(() => specOf({ rope_interleave: false })).toThrow('rope_interleave: false is not supported');
});

test('a list may say which layers have experts', () => {
  const kinds = ({ layers }: ModelSpec) => layers.map(({ ffn }) => ffn?.kind);
  expect(kinds(specOf({}))).toEqual(['dense', 'dense', 'dense', 'moe', 'moe']);
  const mlp_layer_types = ['sparse', 'dense', 'sparse', 'dense', 'dense'];
  expect(kinds(specOf({ mlp_layer_types }))).toEqual(['moe', 'dense', 'moe', 'dense', 'dense']);
});

test('deepseek_v32 is DeepSeek V3 whose layers select, by keys that turn in halves', () => {
  const of = (model_type: string) => convertConfig({ model_type, ...dims, max_position_embeddings: 64 }).spec;
  const spec = of('deepseek_v32');
  expect(selectionsOf(spec)[0]).toMatchObject({ kind: 'own', numHeads: 64, topK: 7, layout: 'half' });
  const layers = spec.layers.map((layer) => ({ ...layer, mixer: { ...layer.mixer, selection: null } }));
  expect({ ...spec, layers }).toEqual(of('deepseek_v3'));
});

test('accounts for the keys of hub files', () => {
  const { report } = convertConfig({
    ...{ model_type: 'glm_moe_dsa', ...dims, indexer_rope_interleave: true, index_share_for_mtp_iteration: true },
    ...{ layer_types: Array(5).fill('indexed_attention'), moe_router_dtype: 'float32', num_nextn_predict_layers: 1 },
  });
  expect(report.unknown).toEqual([]);
});
