import { attentionSpec, ffnSpec, layerSpec, modelSpec, type NormSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, notOneOf, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { checkWindows, layerWindows, windowKeys } from '../layer-windows.ts';
import { llamaOptions } from '../llama-like.ts';
import { olmoLikeWeights } from '../olmo-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `Exaone4Config` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(102400),
    hidden_size: positiveInt.default(4096),
    intermediate_size: positiveInt.default(16384),
    num_hidden_layers: layerCount.default(32),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.default(32),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(2048),
    rms_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    /** Every so many layers one sees all tokens, where no list says it; letters only describe the list. */
    sliding_window_pattern: z.union([positiveInt, z.string()]).nullish().default(4),
    ...windowKeys,
    sliding_window: positiveInt.nullable().default(4096),
    ...ropeKeys,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkWindows(found, context);
    if (typeof found.sliding_window_pattern === 'string' && !found.layer_types)
      context.addIssue({ ...notOneOf(found.sliding_window_pattern, ['a number']), path: ['sliding_window_pattern'] });
  });

/** A norm after each sublayer and none before, one over each head of q and k; windows alone know positions, where there are any. */
export default defineModel({
  modelType: 'exaone4',
  config,
  toSpec(config) {
    const { rms_norm_eps: normEps, sliding_window_pattern: pattern } = config;
    const norm: NormSpec = { normType: 'rms_norm', normEps, useBias: false, weight: 'plain' };
    const rope = ropeOf(config, headsOf(config).headDim);
    const options = llamaOptions({ ...config, attention_bias: false, mlp_bias: false }, rope);
    const windows = layerWindows(config, (layer) => (layer + 1) % Number(pattern) !== 0);
    return modelSpec({
      ...options,
      layers: windows.map((slidingWindowSize) =>
        layerSpec({
          attention: attentionSpec({
            ...options,
            qkNorm: { norm, scope: 'per_head' },
            useRotary: config.sliding_window === null || slidingWindowSize !== null,
            slidingWindowSize,
          }),
          ffn: ffnSpec(options),
          norms: { preMixer: null, postMixer: norm, preFfn: null, postFfn: norm },
          postNormOf: 'sublayer',
        }),
      ),
    });
  },
  ignoredKeys: { cache_implementation: 'keys and values are always kept' },
  weights: olmoLikeWeights,
  ignoredTensors: {},
});
