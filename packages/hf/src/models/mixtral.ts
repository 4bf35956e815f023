import { moeSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK, expertWeights } from '../experts.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { checkOneWindow, windowKeys } from '../layer-windows.ts';
import { llamaLikeAttentionWeights, llamaLikeSpec } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';
import type { WeightNames } from '../weight-names.ts';

/** Defaults: `MixtralConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(32000),
    hidden_size: positiveInt.default(4096),
    intermediate_size: positiveInt.default(14336),
    num_hidden_layers: layerCount.default(32),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.default(8),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(4096 * 32),
    rms_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    ...windowKeys,
    sliding_window: positiveInt.nullable().default(null),
    num_local_experts: positiveInt.default(8),
    num_experts_per_tok: positiveInt.default(2),
    ...ropeKeys,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkOneWindow(found, context);
    checkTopK(found, ['num_experts_per_tok', 'num_local_experts'], context);
  });

const inLayer = 'model.layers.{i}';
const weights: WeightNames = {
  ...llamaLikeAttentionWeights,
  'layers.{i}.ffn.router': [`${inLayer}.block_sparse_moe.gate`, `${inLayer}.mlp.gate`],
  ...expertWeights(
    `${inLayer}.block_sparse_moe.experts`,
    { gate: 'w1', up: 'w3', down: 'w2' },
    `${inLayer}.mlp.experts`,
  ),
};

/** Mistral's structure with a mixture of experts in every layer. */
export default defineModel({
  modelType: 'mixtral',
  config,
  otherNames: { num_experts: 'num_local_experts' },
  toSpec(config) {
    const experts = moeSpec({
      hiddenDim: config.hidden_size,
      numExperts: config.num_local_experts,
      topK: config.num_experts_per_tok,
      intermediateDim: config.intermediate_size,
      activation: config.hidden_act,
    });
    const rope = ropeOf(config, headsOf(config).headDim);
    return llamaLikeSpec(
      config,
      rope,
      () => ({ slidingWindowSize: config.sliding_window }),
      () => experts,
    );
  },
  ignoredKeys: {
    output_router_logits: 'an output of training',
    router_aux_loss_coef: 'a loss of training',
    router_jitter_noise: 'noise of training',
  },
  weights,
  ignoredTensors: {},
});
