import { moeSpec, type NormSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK, expertWeights } from '../experts.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { checkOneWindow, windowKeys } from '../layer-windows.ts';
import { llamaLikeSpec, llamaLikeWeights } from '../llama-like.ts';
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

const inLayer = 'model.layers.{i}';

/** Qwen 3 with experts in some layers or all. */
export default defineModel({
  modelType: 'qwen3_moe',
  config,
  otherNames: { num_experts: 'num_local_experts' },
  toSpec(config) {
    const { rms_norm_eps: normEps, attention_bias: useBias } = config;
    const norm: NormSpec = { normType: 'rms_norm', normEps, useBias: false, weight: 'plain' };
    const experts = moeSpec({
      hiddenDim: config.hidden_size,
      numExperts: config.num_local_experts,
      topK: config.num_experts_per_tok,
      intermediateDim: config.moe_intermediate_size,
      activation: config.hidden_act,
      router: { normalize: config.norm_topk_prob },
    });
    const attention = {
      useBiasQ: useBias,
      useBiasKv: useBias,
      useBiasO: useBias,
      qkNorm: { norm, scope: 'per_head' },
      slidingWindowSize: config.sliding_window,
    } as const;
    const hasExperts = (layer: number) =>
      (layer + 1) % config.decoder_sparse_step === 0 && !config.mlp_only_layers?.includes(layer);
    return llamaLikeSpec(
      config,
      ropeOf(config, headsOf(config).headDim),
      () => attention,
      (layer) => (hasExperts(layer) ? experts : undefined),
    );
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
    ...llamaLikeWeights,
    'layers.{i}.mixer.q.norm': `${inLayer}.self_attn.q_norm`,
    'layers.{i}.mixer.k.norm': `${inLayer}.self_attn.k_norm`,
    'layers.{i}.ffn.router': `${inLayer}.mlp.gate`,
    ...expertWeights(`${inLayer}.mlp.experts`),
  },
  ignoredTensors: {},
});
