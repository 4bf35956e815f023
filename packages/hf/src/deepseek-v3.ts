import type { RouterSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from './activation-names.ts';
import { layerCount, oneOf, only, positive, positiveInt } from './config-values.ts';
import { biasedRouter, deepseekLikeIgnoredKeys, deepseekLikeSpec, deepseekLikeWeights } from './deepseek-like.ts';
import { checkTopK } from './experts.ts';
import { noWindowKeys } from './layer-windows.ts';
import { ropeKeys } from './rope-config.ts';

/** Defaults: `DeepseekV3Config` of transformers 5.24. */
export const deepseekV3Keys = {
  vocab_size: positiveInt.default(129280),
  hidden_size: positiveInt.default(7168),
  intermediate_size: positiveInt.default(18432),
  moe_intermediate_size: positiveInt.default(2048),
  num_hidden_layers: layerCount.default(61),
  num_attention_heads: positiveInt.default(128),
  n_shared_experts: positiveInt.default(1),
  n_routed_experts: positiveInt.default(256),
  num_experts_per_tok: positiveInt.default(8),
  first_k_dense_replace: z.number().int().nonnegative().default(3),
  n_group: positiveInt.default(8),
  topk_group: positiveInt.default(4),
  norm_topk_prob: z.boolean().default(true),
  routed_scaling_factor: positive.default(2.5),
  q_lora_rank: positiveInt.nullable().default(1536),
  kv_lora_rank: positiveInt.default(512),
  qk_nope_head_dim: positiveInt.default(128),
  qk_rope_head_dim: positiveInt.default(64),
  v_head_dim: positiveInt.default(128),
  hidden_act: oneOf(activationNames).default('silu'),
  max_position_embeddings: positiveInt.default(4096),
  rms_norm_eps: positive.default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  rope_interleave: z.boolean().default(true),
  moe_layer_freq: only(1),
  scoring_func: only('sigmoid'),
  topk_method: only('noaux_tc'),
  ...noWindowKeys,
  ...ropeKeys,
};

const config = z
  .object(deepseekV3Keys)
  .superRefine((found, context) => checkTopK(found, ['num_experts_per_tok', 'n_routed_experts'], context));

interface RouterConfig {
  norm_topk_prob: boolean;
  routed_scaling_factor: number;
  n_group: number;
  topk_group: number;
}

/** Experts by bias and sigmoid, from the best groups. */
export function deepseekV3Router(found: RouterConfig): Partial<RouterSpec> {
  return biasedRouter(found);
}

const furtherTokens = 'layers that predict further tokens are left out';

/** DeepSeek V3 under the names of those who took it over: latent attention, experts by groups, bias and sigmoid. */
export const deepseekV3 = {
  config,
  otherNames: { num_local_experts: 'n_routed_experts', num_mtp_layers: 'num_nextn_predict_layers' },
  toSpec: (found: z.infer<typeof config>) =>
    deepseekLikeSpec(found, deepseekV3Router(found), { ropeLayout: found.rope_interleave ? 'interleaved' : 'half' }),
  ignoredKeys: { ...deepseekLikeIgnoredKeys, num_nextn_predict_layers: furtherTokens },
  weights: {
    ...deepseekLikeWeights,
    'layers.{i}.ffn.router.selectionBias': { tensor: 'model.layers.{i}.mlp.gate.e_score_correction_bias' },
  },
  ignoredTensors: { 'model.layers.{next}.*': furtherTokens },
};
