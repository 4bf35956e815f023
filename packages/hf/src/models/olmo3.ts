import { attentionSpec, ffnSpec, layerSpec, modelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { checkWindows, layerWindows, windowKeys } from '../layer-windows.ts';
import { olmoLikeOptions, olmoLikeWeights } from '../olmo-like.ts';
import { ropeKeys, ropeOf, ropeParametersByLayerType } from '../rope-config.ts';

/** Defaults: `Olmo3Config` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(50304),
    hidden_size: positiveInt.default(4096),
    intermediate_size: positiveInt.default(11008),
    num_hidden_layers: layerCount.default(32),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(2048),
    rms_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    ...windowKeys,
    sliding_window: positiveInt.default(4096),
    ...ropeKeys,
    rope_parameters: ropeParametersByLayerType,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkWindows(found, context);
  });

/** OLMo 2 with windows in three of four layers; where there is none, rotary positions may be scaled. */
export default defineModel({
  modelType: 'olmo3',
  config,
  toSpec(config) {
    const { rope_scaling: scaling, rope_parameters: byType } = config;
    const ropeFor = (parameters: typeof scaling, rope_scaling: typeof scaling) =>
      ropeOf({ ...config, rope_scaling, rope_parameters: parameters }, headsOf(config).headDim, 500_000);
    const full = ropeFor(byType?.full_attention, scaling);
    const sliding = ropeFor(byType?.sliding_attention, null);
    const windows = layerWindows(config, (layer) => (layer + 1) % 4 !== 0);
    const options = olmoLikeOptions(config, full);
    return modelSpec({
      ...options,
      layers: windows.map((slidingWindowSize) =>
        layerSpec({
          ...options,
          attention: attentionSpec({
            ...options,
            slidingWindowSize,
            rope: slidingWindowSize === null ? full : sliding,
          }),
          ffn: ffnSpec(options),
        }),
      ),
    });
  },
  ignoredKeys: {},
  weights: olmoLikeWeights,
  ignoredTensors: {},
});
