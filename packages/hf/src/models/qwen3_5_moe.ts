import { z } from 'zod';
import { positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import {
  apartDeltaWeights,
  checkDeltaHybrid,
  deltaExpertKeys,
  deltaExperts,
  deltaExpertWeights,
  deltaHybridKeys,
  deltaHybridSpec,
  deltaHybridWeights,
  partialMropeKeys,
  unreadDeltaKeys,
  unreadDeltaTensors,
  usualPart,
} from '../delta-hybrid.ts';
import { checkTopK } from '../experts.ts';
import { inLanguageModel } from '../in-language-model.ts';
import { checkSections, mropeOf } from '../mrope-config.ts';
import { rotaryDimOf } from '../partial-rope-config.ts';

/** Defaults: `Qwen3_5MoeTextConfig` of transformers 5.24. */
const config = z
  .object({
    ...deltaHybridKeys,
    vocab_size: positiveInt.default(248320),
    hidden_size: positiveInt.default(2048),
    num_hidden_layers: deltaHybridKeys.num_hidden_layers.default(40),
    num_key_value_heads: positiveInt.default(2),
    ...deltaExpertKeys,
    num_experts: positiveInt.default(256),
    num_experts_per_tok: positiveInt.default(8),
    ...partialMropeKeys,
  })
  .superRefine((found, context) => {
    checkDeltaHybrid(found, context);
    checkSections(found, rotaryDimOf(found, found.head_dim, usualPart), context);
    checkTopK(found, ['num_experts_per_tok', 'num_experts'], context);
  });

/** The language model of Qwen 3.5 with experts in every layer, one of them for all tokens. */
export default defineModel({
  modelType: 'qwen3_5_moe',
  textModelType: 'qwen3_5_moe_text',
  config,
  nestsText: 'tied_as_whole',
  toSpec(config) {
    const rotaryDim = rotaryDimOf(config, config.head_dim, usualPart);
    const rope = mropeOf(config, rotaryDim, { theta: 10_000, sections: [11, 11, 10], isInterleaved: true });
    const experts = deltaExperts(config, true);
    return deltaHybridSpec(config, rope, () => experts);
  },
  ignoredKeys: {
    ...unreadDeltaKeys,
    mlp_only_layers: 'nobody reads it: all layers have experts',
    output_router_logits: 'an output of training',
    router_aux_loss_coef: 'a loss of training',
  },
  weights: inLanguageModel({ ...deltaHybridWeights, ...deltaExpertWeights, ...apartDeltaWeights }),
  ignoredTensors: unreadDeltaTensors,
});
