import { attentionSpec, ffnSpec, layerSpec, modelSpec, type NormSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { checkWindows, layerWindows, windowKeys } from '../layer-windows.ts';
import { llamaLikeWeights, llamaOptions } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `Cohere2Config` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(256000),
    hidden_size: positiveInt.default(8192),
    intermediate_size: positiveInt.default(22528),
    num_hidden_layers: layerCount.default(40),
    num_attention_heads: positiveInt.default(64),
    num_key_value_heads: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(8192),
    layer_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(true),
    attention_bias: z.boolean().default(false),
    logit_scale: positive.default(0.0625),
    /** Every so many layers one sees all tokens; transformers 5 writes the list instead. */
    sliding_window_pattern: positiveInt.default(4),
    ...windowKeys,
    sliding_window: positiveInt.default(4096),
    ...ropeKeys,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkWindows(found, context);
  });

const unread = 'nobody reads it';

/** Cohere with windows in most layers, which alone know positions. */
export default defineModel({
  modelType: 'cohere2',
  config,
  toSpec(config) {
    const { layer_norm_eps: normEps } = config;
    const norm: NormSpec = { normType: 'layer_norm', normEps, useBias: false, weight: 'plain' };
    const rope = { ...ropeOf(config, headsOf(config).headDim), layout: 'interleaved' } as const;
    const options = llamaOptions({ ...config, mlp_bias: false, rms_norm_eps: normEps }, rope);
    const windows = layerWindows(config, (layer) => (layer + 1) % config.sliding_window_pattern !== 0);
    return modelSpec({
      ...options,
      layers: windows.map((slidingWindowSize) =>
        layerSpec({
          attention: attentionSpec({ ...options, slidingWindowSize, useRotary: slidingWindowSize !== null }),
          ffn: ffnSpec(options),
          residual: 'parallel',
          norms: { preMixer: norm, postMixer: null, preFfn: null, postFfn: null },
        }),
      ),
      logitScale: config.logit_scale,
    });
  },
  ignoredKeys: {
    cache_implementation: 'keys and values are always kept',
    head_dim: 'nobody reads it: heads are equal shares of the hidden size',
    layer_switch: unread,
    model_max_length: 'nobody reads it: max_position_embeddings says it',
    order_of_interleaved_layers: unread,
    position_embedding_type: unread,
    rotary_pct: unread,
    use_embedding_sharing: unread,
    use_gated_activation: unread,
    use_parallel_block: unread,
    use_parallel_embedding: unread,
    use_qk_norm: unread,
  },
  weights: llamaLikeWeights,
  ignoredTensors: {},
});
