import { ffnSpec } from '@tttv2/spec';
import { z } from 'zod';
import { positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import {
  apartDeltaWeights,
  checkDeltaHybrid,
  deltaHybridKeys,
  deltaHybridSpec,
  deltaHybridWeights,
  partialMropeKeys,
  unreadDeltaKeys,
  unreadDeltaTensors,
  usualPart,
} from '../delta-hybrid.ts';
import { inLanguageModel } from '../in-language-model.ts';
import { checkSections, mropeOf } from '../mrope-config.ts';
import { rotaryDimOf } from '../partial-rope-config.ts';

/** Defaults: `Qwen3_5TextConfig` of transformers 5.24. */
const config = z
  .object({
    ...deltaHybridKeys,
    vocab_size: positiveInt.default(248320),
    hidden_size: positiveInt.default(4096),
    intermediate_size: positiveInt.default(12288),
    num_hidden_layers: deltaHybridKeys.num_hidden_layers.default(32),
    num_key_value_heads: positiveInt.default(4),
    ...partialMropeKeys,
  })
  .superRefine((found, context) => {
    checkDeltaHybrid(found, context);
    checkSections(found, rotaryDimOf(found, found.head_dim, usualPart), context);
  });

/** The language model of Qwen 3.5: linear attention by the gated delta rule, every fourth layer softmax attention. */
export default defineModel({
  modelType: 'qwen3_5',
  textModelType: 'qwen3_5_text',
  config,
  nestsText: 'tied_as_whole',
  toSpec(config) {
    const rotaryDim = rotaryDimOf(config, config.head_dim, usualPart);
    const rope = mropeOf(config, rotaryDim, { theta: 10_000, sections: [11, 11, 10], isInterleaved: true });
    const { hidden_size: hiddenDim, intermediate_size: intermediateDim, hidden_act: activation } = config;
    const ffn = ffnSpec({ hiddenDim, intermediateDim, activation });
    return deltaHybridSpec(config, rope, () => ffn);
  },
  ignoredKeys: { ...unreadDeltaKeys, mlp_only_layers: 'nobody reads it: no layer has experts' },
  weights: inLanguageModel({ ...deltaHybridWeights, ...apartDeltaWeights }),
  ignoredTensors: unreadDeltaTensors,
});
