import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, only, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { gemmaLikeSpec, gemmaLikeWeights } from '../gemma-like.ts';
import { checkHeads } from '../heads.ts';
import { checkWindows, layerWindows, windowKeys } from '../layer-windows.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `Gemma2Config` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(256000),
    hidden_size: positiveInt.default(2304),
    intermediate_size: positiveInt.default(9216),
    num_hidden_layers: layerCount.default(26),
    num_attention_heads: positiveInt.default(8),
    num_key_value_heads: positiveInt.default(4),
    head_dim: positiveInt.default(256),
    hidden_activation: oneOf(activationNames).default('gelu_tanh'),
    max_position_embeddings: positiveInt.default(8192),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(true),
    attention_bias: z.boolean().default(false),
    query_pre_attn_scalar: positive.default(256),
    attn_logit_softcapping: positive.nullable().default(50),
    final_logit_softcapping: positive.nullable().default(30),
    use_bidirectional_attention: only(false),
    ...windowKeys,
    sliding_window: positiveInt.default(4096),
    ...ropeKeys,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkWindows(found, context);
  });

/** Norms before and after each sublayer; every second layer has a window; scores and logits are bounded. */
export default defineModel({
  modelType: 'gemma2',
  config,
  toSpec(config) {
    const windows = layerWindows(config, (layer) => layer % 2 === 0);
    const rope = ropeOf(config, config.head_dim);
    return gemmaLikeSpec(config, windows, () => ({ rope, softcap: config.attn_logit_softcapping }));
  },
  ignoredKeys: {
    cache_implementation: 'keys and values are always kept',
    hidden_act: 'nobody reads it: hidden_activation says it',
    sliding_window_size: 'nobody reads it: sliding_window says it',
  },
  weights: gemmaLikeWeights,
  ignoredTensors: {},
});
