import { z } from 'zod';
import { oneOf, only, positive, positiveInt } from '../config-values.ts';
import { deepseekLikeSpec } from '../deepseek-like.ts';
import { deepseekV3, deepseekV3Keys, deepseekV3Router } from '../deepseek-v3.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK } from '../experts.ts';
import { checkSelection, ownSelection, selectionKeys, selectionWeights, sparseLayers } from '../selecting-layers.ts';

const kinds = { full: 'own', shared: 'shared' } as const;

/** Defaults: `GlmMoeDsaConfig` of transformers 5.24. */
const config = z
  .object({
    ...deepseekV3Keys,
    vocab_size: positiveInt.default(154880),
    hidden_size: positiveInt.default(6144),
    intermediate_size: positiveInt.default(12288),
    num_hidden_layers: deepseekV3Keys.num_hidden_layers.unwrap().default(78),
    num_attention_heads: positiveInt.default(64),
    n_group: positiveInt.default(1),
    topk_group: positiveInt.default(1),
    q_lora_rank: positiveInt.default(2048),
    qk_nope_head_dim: positiveInt.default(192),
    v_head_dim: positiveInt.default(256),
    max_position_embeddings: positiveInt.default(202752),
    rms_norm_eps: positive.default(1e-5),
    ...selectionKeys,
    index_n_heads: positiveInt.default(32),
    indexer_rope_interleave: only(true),
    /** Layers that select tokens, and those that see what the nearest before them selected: a list, a text, or a step. */
    indexer_types: z.array(oneOf(kinds)).nullish(),
    index_topk_pattern: z.union([z.string().regex(/^[FS]*$/), z.array(oneOf(kinds))]).nullish(),
    index_topk_freq: z.number().int().default(1),
    index_skip_topk_offset: z.number().int().default(2),
  })
  .superRefine((found, context) => {
    checkTopK(found, ['num_experts_per_tok', 'n_routed_experts'], context);
    checkSelection(found, context);
    const given = selectors(found);
    const fail = (message: string) => context.addIssue({ code: 'custom', path: ['indexer_types'], message });
    if (given.length !== found.num_hidden_layers)
      fail(`has ${given.length} entries, but num_hidden_layers is ${found.num_hidden_layers}`);
    else if (given[0] !== 'own') fail('begins with a layer that shares what none before it selected');
  });

interface SharingConfig {
  num_hidden_layers: number;
  indexer_types?: readonly ('own' | 'shared')[] | null | undefined;
  index_topk_pattern?: string | readonly ('own' | 'shared')[] | null | undefined;
  index_topk_freq: number;
  index_skip_topk_offset: number;
}

/** How each layer comes by the tokens that it sees. */
function selectors(found: SharingConfig): readonly ('own' | 'shared')[] {
  const { indexer_types: types, index_topk_pattern: pattern, index_skip_topk_offset: offset } = found;
  if (types) return types;
  if (typeof pattern === 'string') return [...pattern].map((letter) => (letter === 'F' ? 'own' : 'shared'));
  if (pattern) return pattern;
  const step = Math.max(found.index_topk_freq, 1);
  return Array.from({ length: found.num_hidden_layers }, (_, layer) =>
    Math.max(layer - offset + 1, 0) % step === 0 ? 'own' : 'shared',
  );
}

/** GLM 5: latent attention to tokens that a layer selects, or that one before it selected. */
export default defineModel({
  ...deepseekV3,
  modelType: 'glm_moe_dsa',
  config,
  otherNames: { ...deepseekV3.otherNames, num_experts: 'n_routed_experts' },
  toSpec(found) {
    const kindOf = selectors(found);
    return deepseekLikeSpec(found, deepseekV3Router(found), {
      hasExperts: sparseLayers(found),
      selectionOf: (layer) =>
        kindOf[layer] === 'own' ? ownSelection(found, 'interleaved') : { kind: 'shared', topK: found.index_topk },
    });
  },
  ignoredKeys: {
    ...deepseekV3.ignoredKeys,
    index_share_for_mtp_iteration: 'layers that predict further tokens are left out',
    moe_router_dtype: 'logits of the router are float32 in any case',
  },
  weights: { ...deepseekV3.weights, ...selectionWeights },
});
