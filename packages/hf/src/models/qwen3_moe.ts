import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK, expertWeights } from '../experts.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { checkOneWindow, windowKeys } from '../layer-windows.ts';
import { llamaLikeSpec } from '../llama-like.ts';
import { qwen3Attention, qwen3Experts, qwen3Weights } from '../qwen3-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `Qwen3MoeConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(151936),
    hidden_size: positiveInt.default(2048),
    /** Of layers without experts. */
    intermediate_size: positiveInt.default(6144),
    num_hidden_layers: layerCount.default(24),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.default(4),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(32768),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    use_sliding_window: z.boolean().default(false),
    ...windowKeys,
    sliding_window: positiveInt.nullable().default(4096),
    decoder_sparse_step: positiveInt.default(1),
    mlp_only_layers: z.array(z.number().int().nonnegative()).nullish(),
    moe_intermediate_size: positiveInt.default(768),
    num_experts_per_tok: positiveInt.default(8),
    num_local_experts: positiveInt.default(128),
    norm_topk_prob: z.boolean().default(false),
    ...ropeKeys,
  })
  .transform((found) => (found.use_sliding_window ? found : { ...found, sliding_window: null }))
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkOneWindow(found, context);
    checkTopK(found, ['num_experts_per_tok', 'num_local_experts'], context);
  });

/** Qwen 3 with experts in some layers or all. */
export default defineModel({
  modelType: 'qwen3_moe',
  config,
  otherNames: { num_experts: 'num_local_experts' },
  toSpec(config) {
    const attention = { ...qwen3Attention(config), slidingWindowSize: config.sliding_window };
    const rope = ropeOf(config, headsOf(config).headDim);
    const experts = qwen3Experts(config, { normalize: config.norm_topk_prob });
    return llamaLikeSpec(config, rope, () => attention, experts);
  },
  ignoredKeys: {
    max_window_layers: 'nobody reads it: all layers have the window or none',
    output_router_logits: 'an output of training',
    qkv_bias: 'nobody reads it: attention_bias says it',
    router_aux_loss_coef: 'a loss of training',
    shared_expert_intermediate_size: 'nobody reads it: there is no expert that all tokens share',
    use_qk_norm: 'nobody reads it: q and k are normalised in any case',
  },
  weights: {
    ...qwen3Weights,
    'layers.{i}.ffn.router': 'model.layers.{i}.mlp.gate',
    ...expertWeights('model.layers.{i}.mlp.experts'),
  },
  ignoredTensors: {},
});
