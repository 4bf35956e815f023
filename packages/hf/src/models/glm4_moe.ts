import { ffnSpec, moeSpec, type NormSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { biasedRouter } from '../deepseek-like.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK, expertWeights } from '../experts.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeSpec, llamaLikeWeights } from '../llama-like.ts';
import { partialRopeKeys, rotaryDimOf } from '../partial-rope-config.ts';
import { ropeOf } from '../rope-config.ts';

/** Defaults: `Glm4MoeConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(151552),
    hidden_size: positiveInt.default(4096),
    intermediate_size: positiveInt.default(10944),
    num_hidden_layers: layerCount.default(46),
    num_attention_heads: positiveInt.default(96),
    num_key_value_heads: positiveInt.default(8),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(131072),
    rms_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    use_qk_norm: z.boolean().default(false),
    moe_intermediate_size: positiveInt.default(1408),
    num_experts_per_tok: positiveInt.default(8),
    n_shared_experts: positiveInt.default(1),
    n_routed_experts: positiveInt.default(128),
    routed_scaling_factor: positive.default(1),
    n_group: positiveInt.default(1),
    topk_group: positiveInt.default(1),
    first_k_dense_replace: z.number().int().nonnegative().default(1),
    norm_topk_prob: z.boolean().default(true),
    ...noWindowKeys,
    ...partialRopeKeys,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkTopK(found, ['num_experts_per_tok', 'n_routed_experts'], context);
  });

const inLayer = 'model.layers.{i}';
const furtherTokens = 'layers that predict further tokens are left out';

/** Qwen 3's attention with a part of each head turned; from a layer on, DeepSeek V3's experts. */
export default defineModel({
  modelType: 'glm4_moe',
  config,
  otherNames: { num_local_experts: 'n_routed_experts', num_mtp_layers: 'num_nextn_predict_layers' },
  toSpec(config) {
    const { hidden_size: hiddenDim, hidden_act: activation, moe_intermediate_size: intermediateDim } = config;
    const norm: NormSpec = { normType: 'rms_norm', normEps: config.rms_norm_eps, useBias: false, weight: 'plain' };
    const experts = moeSpec({
      hiddenDim,
      numExperts: config.n_routed_experts,
      topK: config.num_experts_per_tok,
      intermediateDim,
      activation,
      router: biasedRouter(config),
      shared: { ffn: ffnSpec({ hiddenDim, intermediateDim: intermediateDim * config.n_shared_experts, activation }) },
    });
    return llamaLikeSpec(
      config,
      ropeOf(config, rotaryDimOf(config, headsOf(config).headDim, 0.5)),
      () => ({
        useBiasQ: config.attention_bias,
        useBiasKv: config.attention_bias,
        qkNorm: config.use_qk_norm ? { norm, scope: 'per_head' } : null,
      }),
      (layer) => (layer < config.first_k_dense_replace ? undefined : experts),
    );
  },
  ignoredKeys: { num_nextn_predict_layers: furtherTokens, output_router_logits: 'an output of training' },
  weights: {
    ...llamaLikeWeights,
    'layers.{i}.mixer.q.norm': `${inLayer}.self_attn.q_norm`,
    'layers.{i}.mixer.k.norm': `${inLayer}.self_attn.k_norm`,
    'layers.{i}.ffn.router': `${inLayer}.mlp.gate`,
    'layers.{i}.ffn.router.selectionBias': { tensor: `${inLayer}.mlp.gate.e_score_correction_bias` },
    'layers.{i}.ffn.shared.gate': `${inLayer}.mlp.shared_experts.gate_proj`,
    'layers.{i}.ffn.shared.up': `${inLayer}.mlp.shared_experts.up_proj`,
    'layers.{i}.ffn.shared.down': `${inLayer}.mlp.shared_experts.down_proj`,
    ...expertWeights(`${inLayer}.mlp.experts`),
  },
  ignoredTensors: { 'model.layers.{next}.*': furtherTokens },
});
