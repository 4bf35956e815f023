import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { deltaExperts, deltaExpertWeights } from '../delta-hybrid.ts';
import { checkTopK } from '../experts.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { checkWindows, layerWindows, windowKeys } from '../layer-windows.ts';
import { llamaLikeSpec, llamaLikeWeights } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `Qwen2MoeConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(151936),
    hidden_size: positiveInt.default(2048),
    /** Of layers without experts. */
    intermediate_size: positiveInt.default(5632),
    num_hidden_layers: layerCount.default(24),
    num_attention_heads: positiveInt.default(16),
    num_key_value_heads: positiveInt.default(16),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(32768),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(false),
    qkv_bias: z.boolean().default(true),
    use_sliding_window: z.boolean().default(false),
    max_window_layers: z.number().int().nonnegative().default(28),
    ...windowKeys,
    /** transformers writes 0 where it is switched off. */
    sliding_window: z.number().int().nonnegative().nullable().default(4096),
    decoder_sparse_step: positiveInt.default(1),
    mlp_only_layers: z.array(z.number().int().nonnegative()).nullish(),
    moe_intermediate_size: positiveInt.default(1408),
    shared_expert_intermediate_size: positiveInt.default(5632),
    num_experts: positiveInt.default(60),
    num_experts_per_tok: positiveInt.default(4),
    norm_topk_prob: z.boolean().default(false),
    ...ropeKeys,
  })
  .transform(({ sliding_window: window, ...found }) => ({
    ...found,
    sliding_window: found.use_sliding_window && window ? window : null,
  }))
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkWindows(found, context);
    checkTopK(found, ['num_experts_per_tok', 'num_experts'], context);
  });

/** Qwen 2 with experts in some layers or all, beside one that all tokens share, behind a gate. */
export default defineModel({
  modelType: 'qwen2_moe',
  config,
  toSpec(config) {
    const { qkv_bias: useBias, max_window_layers: end, decoder_sparse_step: step, mlp_only_layers: dense } = config;
    const windows = layerWindows(config, (layer) => layer % 2 === 0 && layer < end);
    const experts = deltaExperts(config, config.norm_topk_prob);
    return llamaLikeSpec(
      config,
      ropeOf(config, headsOf(config).headDim),
      (layer) => ({ useBiasQ: useBias, useBiasKv: useBias, slidingWindowSize: windows[layer] ?? null }),
      (layer) => ((layer + 1) % step === 0 && !dense?.includes(layer) ? experts : undefined),
    );
  },
  ignoredKeys: {
    output_router_logits: 'an output of training',
    router_aux_loss_coef: 'a loss of training',
  },
  weights: { ...llamaLikeWeights, ...deltaExpertWeights },
  ignoredTensors: {},
});
