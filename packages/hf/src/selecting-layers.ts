import type { SelectionSpec } from '@tttv2/spec';
import { z } from 'zod';
import { oneOf, only, positiveInt } from './config-values.ts';
import type { WeightNames } from './weight-names.ts';

const networkKinds = { dense: 'dense', sparse: 'sparse' } as const;

/** Keys of families whose layers select the tokens that they see. */
export const selectionKeys = {
  index_topk: positiveInt.default(2048),
  index_head_dim: positiveInt.default(128),
  layer_types: z.array(oneOf({ indexed_attention: 'indexed' })).nullish(),
  mlp_layer_types: z.array(oneOf(networkKinds)).nullish(),
  rope_interleave: only(true),
};

interface SelectionConfig {
  num_hidden_layers: number;
  first_k_dense_replace: number;
  qk_rope_head_dim: number;
  index_topk: number;
  index_head_dim: number;
  index_n_heads: number;
  mlp_layer_types?: readonly ('dense' | 'sparse')[] | null | undefined;
}

/** For a schema's `superRefine`. */
export function checkSelection<T extends SelectionConfig>(config: T, context: z.RefinementCtx<T>): void {
  const fail = (key: keyof SelectionConfig, message: string) =>
    context.addIssue({ code: 'custom', path: [key], message });
  const { mlp_layer_types: types, num_hidden_layers: layers, index_head_dim, qk_rope_head_dim } = config;
  if (types && types.length !== layers)
    fail('mlp_layer_types', `has ${types.length} entries, but num_hidden_layers is ${layers}`);
  if (index_head_dim < qk_rope_head_dim)
    fail('index_head_dim', `is ${index_head_dim}, but qk_rope_head_dim is ${qk_rope_head_dim}`);
}

/** What a layer selects by; its keys' norm has an epsilon that no key says: 1e-6. */
export function ownSelection(config: SelectionConfig, layout: 'half' | 'interleaved'): SelectionSpec {
  return {
    kind: 'own',
    numHeads: config.index_n_heads,
    headDim: config.index_head_dim,
    topK: config.index_topk,
    layout,
    normEps: 1e-6,
  };
}

/** Which layers have experts, by a list or from a layer on. */
export function sparseLayers({ mlp_layer_types: types, first_k_dense_replace }: SelectionConfig) {
  return (layer: number) => (types ? types[layer] === 'sparse' : layer >= first_k_dense_replace);
}

const [ours, theirs] = ['layers.{i}.mixer.q.selection', 'model.layers.{i}.self_attn.indexer'];

/** Names of the tensors that tokens are selected by. */
export const selectionWeights: WeightNames = {
  [`${ours}.q`]: `${theirs}.wq_b`,
  [`${ours}.k`]: `${theirs}.wk`,
  [`${ours}.k.norm`]: `${theirs}.k_norm`,
  [`${ours}.weights`]: `${theirs}.weights_proj`,
};
