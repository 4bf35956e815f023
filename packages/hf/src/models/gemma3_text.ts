import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, only, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { gemmaLikeSpec, gemmaLikeWeights } from '../gemma-like.ts';
import { checkHeads } from '../heads.ts';
import { checkWindows, layerWindows, windowKeys } from '../layer-windows.ts';
import { ropeKeys, ropeOf, ropeParametersByLayerType } from '../rope-config.ts';

/** Defaults: `Gemma3TextConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(262208),
    hidden_size: positiveInt.default(2304),
    intermediate_size: positiveInt.default(9216),
    num_hidden_layers: layerCount.default(26),
    num_attention_heads: positiveInt.default(8),
    num_key_value_heads: positiveInt.default(4),
    head_dim: positiveInt.default(256),
    hidden_activation: oneOf(activationNames).default('gelu_tanh'),
    max_position_embeddings: positiveInt.default(131072),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(true),
    attention_bias: z.boolean().default(false),
    query_pre_attn_scalar: positive.default(256),
    final_logit_softcapping: positive.nullish(),
    use_bidirectional_attention: only(false),
    /** Every so many layers one sees all tokens; transformers 5 writes the list instead. */
    sliding_window_pattern: positiveInt.default(6),
    ...windowKeys,
    sliding_window: positiveInt.default(4096),
    ...ropeKeys,
    rope_local_base_freq: positive.default(10000),
    rope_parameters: ropeParametersByLayerType,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkWindows(found, context);
  });

/** Norms before and after each sublayer, one over each head of q and k, and two rotary tables: for windows and for all. */
export default defineModel({
  modelType: 'gemma3_text',
  config,
  toSpec(config) {
    const { rms_norm_eps: normEps, rope_parameters: byType, head_dim: headDim } = config;
    const windows = layerWindows(config, (layer) => (layer + 1) % config.sliding_window_pattern !== 0);
    const ropeFor = (parameters: typeof config.rope_scaling, theta: number, scaling: typeof config.rope_scaling) =>
      ropeOf({ ...config, rope_theta: null, rope_scaling: scaling, rope_parameters: parameters }, headDim, theta);
    const full = ropeFor(byType?.full_attention, config.rope_theta ?? 1_000_000, config.rope_scaling);
    const sliding = ropeFor(byType?.sliding_attention, config.rope_local_base_freq, null);
    const norm = { normType: 'rms_norm', normEps, useBias: false, weight: 'one_plus' } as const;
    return gemmaLikeSpec(config, windows, (window) => ({
      qkNorm: { norm, scope: 'per_head' },
      rope: window === null ? full : sliding,
    }));
  },
  ignoredKeys: {
    attn_logit_softcapping: 'transformers reads it and bounds nothing',
    _sliding_window_pattern: 'layer_types says it for each layer',
    cache_implementation: 'keys and values are always kept',
  },
  weights: {
    ...gemmaLikeWeights,
    'layers.{i}.mixer.q.norm': 'model.layers.{i}.self_attn.q_norm',
    'layers.{i}.mixer.k.norm': 'model.layers.{i}.self_attn.k_norm',
  },
  ignoredTensors: {},
});
