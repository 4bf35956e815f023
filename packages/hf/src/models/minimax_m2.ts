import { moeSpec, type NormSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, only, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK, expertWeights } from '../experts.ts';
import { checkHeads } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeAttentionWeights, llamaLikeSpec } from '../llama-like.ts';
import { partialRopeKeys, rotaryDimOf } from '../partial-rope-config.ts';
import { ropeOf } from '../rope-config.ts';

/** Defaults: `MiniMaxM2Config` of transformers 5.24. What it does not read is what the code beside the checkpoints reads. */
const config = z
  .object({
    vocab_size: positiveInt.default(200064),
    hidden_size: positiveInt.default(3072),
    intermediate_size: positiveInt.default(1536),
    num_hidden_layers: layerCount.default(62),
    num_attention_heads: positiveInt.default(48),
    num_key_value_heads: positiveInt.default(8),
    head_dim: positiveInt.default(128),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(196608),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(false),
    num_experts_per_tok: positiveInt.default(8),
    num_local_experts: positiveInt.default(256),
    /** 1: softmax attention. */
    attn_type_list: z.array(only(1)).optional(),
    qk_norm_type: only('per_layer'),
    scoring_func: only('sigmoid'),
    shared_intermediate_size: only(0),
    use_qk_norm: only(true),
    use_routing_bias: only(true),
    ...noWindowKeys,
    ...partialRopeKeys,
    rotary_dim: positiveInt.nullish(),
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkTopK(found, ['num_experts_per_tok', 'num_local_experts'], context);
  });

const inLayer = 'model.layers.{i}';
const furtherTokens = 'layers that predict further tokens are left out';

/** Mixtral's structure: norms over all heads of q and k at once, a part of each turned, experts by bias and sigmoid. */
export default defineModel({
  modelType: 'minimax_m2',
  config,
  otherNames: { num_experts: 'num_local_experts' },
  toSpec(config) {
    const { head_dim: headDim, rms_norm_eps: normEps, rotary_dim: turned } = config;
    const norm: NormSpec = { normType: 'rms_norm', normEps, useBias: false, weight: 'plain' };
    const experts = moeSpec({
      hiddenDim: config.hidden_size,
      numExperts: config.num_local_experts,
      topK: config.num_experts_per_tok,
      intermediateDim: config.intermediate_size,
      activation: config.hidden_act,
      router: { score: 'sigmoid', useSelectionBias: true },
    });
    const rotaryDim = rotaryDimOf(config, headDim, (turned ?? headDim) / headDim);
    return llamaLikeSpec(
      config,
      ropeOf(config, rotaryDim, 5_000_000),
      () => ({ qkNorm: { norm, scope: 'full_width' } }),
      () => experts,
    );
  },
  ignoredKeys: {
    mtp_transformer_layers: furtherTokens,
    num_mtp_modules: furtherTokens,
    output_router_logits: 'an output of training',
    router_aux_loss_coef: 'a loss of training',
    router_jitter_noise: 'noise of training',
    use_mtp: furtherTokens,
  },
  weights: {
    ...llamaLikeAttentionWeights,
    'layers.{i}.mixer.q.norm': `${inLayer}.self_attn.q_norm`,
    'layers.{i}.mixer.k.norm': `${inLayer}.self_attn.k_norm`,
    'layers.{i}.ffn.router': [`${inLayer}.block_sparse_moe.gate`, `${inLayer}.mlp.gate`],
    'layers.{i}.ffn.router.selectionBias': [
      { tensor: `${inLayer}.block_sparse_moe.e_score_correction_bias` },
      { tensor: `${inLayer}.mlp.e_score_correction_bias` },
    ],
    ...expertWeights(
      `${inLayer}.block_sparse_moe.experts`,
      { gate: 'w1', up: 'w3', down: 'w2' },
      `${inLayer}.mlp.experts`,
    ),
  },
  ignoredTensors: {},
});
