import { ffnSpec } from '@tttv2/spec';
import { z } from 'zod';
import { positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import {
  checkDeltaHybrid,
  deltaExpertKeys,
  deltaExperts,
  deltaExpertWeights,
  deltaHybridKeys,
  deltaHybridSpec,
  deltaHybridWeights,
  joinedDeltaWeights,
  unreadDeltaKeys,
  unreadDeltaTensors,
  usualPart,
} from '../delta-hybrid.ts';
import { checkTopK } from '../experts.ts';
import { partialRopeKeys, rotaryDimOf } from '../partial-rope-config.ts';
import { ropeOf } from '../rope-config.ts';

/** Defaults: `Qwen3NextConfig` of transformers 5.24. */
const config = z
  .object({
    ...deltaHybridKeys,
    vocab_size: positiveInt.default(151936),
    hidden_size: positiveInt.default(2048),
    /** Of layers without experts. */
    intermediate_size: positiveInt.default(5632),
    num_hidden_layers: deltaHybridKeys.num_hidden_layers.default(48),
    num_key_value_heads: positiveInt.default(2),
    decoder_sparse_step: positiveInt.default(1),
    mlp_only_layers: z.array(z.number().int().nonnegative()).nullish(),
    ...deltaExpertKeys,
    num_experts: positiveInt.default(512),
    num_experts_per_tok: positiveInt.default(10),
    norm_topk_prob: z.boolean().default(true),
    ...partialRopeKeys,
  })
  .superRefine((found, context) => {
    checkDeltaHybrid(found, context);
    checkTopK(found, ['num_experts_per_tok', 'num_experts'], context);
  });

/** As Qwen 3.5 with experts, with positions of one axis, and projections of all heads in one. */
export default defineModel({
  modelType: 'qwen3_next',
  config,
  toSpec(config) {
    const { hidden_size: hiddenDim, intermediate_size: intermediateDim, hidden_act: activation } = config;
    const [dense, experts] = [
      ffnSpec({ hiddenDim, intermediateDim, activation }),
      deltaExperts(config, config.norm_topk_prob),
    ];
    const hasExperts = (layer: number) =>
      (layer + 1) % config.decoder_sparse_step === 0 && !config.mlp_only_layers?.includes(layer);
    const rope = ropeOf(config, rotaryDimOf(config, config.head_dim, usualPart));
    return deltaHybridSpec(config, rope, (layer) => (hasExperts(layer) ? experts : dense));
  },
  ignoredKeys: {
    ...unreadDeltaKeys,
    output_router_logits: 'an output of training',
    router_aux_loss_coef: 'a loss of training',
  },
  weights: { ...deltaHybridWeights, ...deltaExpertWeights, ...joinedDeltaWeights },
  ignoredTensors: unreadDeltaTensors,
});
