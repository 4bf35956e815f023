import type { NormSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads } from '../heads.ts';
import { checkWindows, layerWindows, windowKeys } from '../layer-windows.ts';
import { llamaLikeSpec, llamaLikeWeights } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `Qwen3Config` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(151936),
    hidden_size: positiveInt.default(4096),
    intermediate_size: positiveInt.default(22016),
    num_hidden_layers: layerCount.default(32),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.nullable().default(32),
    head_dim: positiveInt.default(128),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(32768),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    use_sliding_window: z.boolean().default(false),
    max_window_layers: z.number().int().nonnegative().default(28),
    ...windowKeys,
    ...ropeKeys,
  })
  .transform((found) => (found.use_sliding_window ? found : { ...found, sliding_window: null }))
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkWindows(found, context);
  });

/** Llama's structure with a norm over each head of q and k. */
export default defineModel({
  modelType: 'qwen3',
  config,
  toSpec(config) {
    const { rms_norm_eps: normEps, attention_bias: useBias, max_window_layers: first } = config;
    const windows = layerWindows(config, (layer) => layer >= first);
    const norm: NormSpec = { normType: 'rms_norm', normEps, useBias: false, weight: 'plain' };
    return llamaLikeSpec(config, ropeOf(config, config.head_dim), (layer) => ({
      useBiasQ: useBias,
      useBiasKv: useBias,
      useBiasO: useBias,
      qkNorm: { norm, scope: 'per_head' },
      slidingWindowSize: windows[layer] ?? null,
    }));
  },
  ignoredKeys: {},
  weights: {
    ...llamaLikeWeights,
    'layers.{i}.mixer.q.norm': 'model.layers.{i}.self_attn.q_norm',
    'layers.{i}.mixer.k.norm': 'model.layers.{i}.self_attn.k_norm',
  },
  ignoredTensors: {},
});
