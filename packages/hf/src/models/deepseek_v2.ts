import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, only, positive, positiveInt } from '../config-values.ts';
import { deepseekLikeIgnoredKeys, deepseekLikeSpec, deepseekLikeWeights, expertGroups } from '../deepseek-like.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK } from '../experts.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { ropeKeys } from '../rope-config.ts';

/** Defaults: `DeepseekV2Config` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(102400),
    hidden_size: positiveInt.default(4096),
    intermediate_size: positiveInt.default(11008),
    moe_intermediate_size: positiveInt.default(1407),
    num_hidden_layers: layerCount.default(32),
    num_attention_heads: positiveInt.default(32),
    n_shared_experts: positiveInt.default(2),
    n_routed_experts: positiveInt.default(64),
    /** The class has no default. */
    num_experts_per_tok: positiveInt,
    first_k_dense_replace: z.number().int().nonnegative().default(0),
    n_group: positiveInt.nullable().default(null),
    topk_group: positiveInt.nullable().default(null),
    topk_method: oneOf({ greedy: false, group_limited_greedy: true }).default(false),
    routed_scaling_factor: positive.default(1),
    q_lora_rank: positiveInt.nullable().default(1536),
    kv_lora_rank: positiveInt.default(512),
    qk_nope_head_dim: positiveInt.default(128),
    qk_rope_head_dim: positiveInt.default(64),
    v_head_dim: positiveInt.default(128),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(2048),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    moe_layer_freq: only(1),
    norm_topk_prob: only(false),
    scoring_func: only('softmax'),
    ...noWindowKeys,
    ...ropeKeys,
  })
  .superRefine((found, context) => checkTopK(found, ['num_experts_per_tok', 'n_routed_experts'], context));

/** Latent attention; experts by their scores as they are, perhaps by groups, beside those that all tokens share. */
export default defineModel({
  modelType: 'deepseek_v2',
  config,
  otherNames: { num_experts: 'n_routed_experts' },
  toSpec: (config) =>
    deepseekLikeSpec(
      config,
      {
        normalize: false,
        scale: config.routed_scaling_factor,
        groups: config.topk_method ? expertGroups(config.n_group, config.topk_group, 'max') : null,
      },
      { useBias: config.mlp_bias },
    ),
  ignoredKeys: deepseekLikeIgnoredKeys,
  weights: deepseekLikeWeights,
  ignoredTensors: {},
});
