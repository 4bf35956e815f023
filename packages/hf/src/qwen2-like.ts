import type { ModelSpec, RopeSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from './activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from './config-values.ts';
import { checkHeads } from './heads.ts';
import { checkWindows, layerWindows, type WindowConfig, windowKeys } from './layer-windows.ts';
import { type LlamaLikeConfig, llamaLikeSpec } from './llama-like.ts';
import { ropeKeys } from './rope-config.ts';

/** Defaults: `Qwen2Config` of transformers 5.24. */
export const qwen2Config = z
  .object({
    vocab_size: positiveInt.default(151936),
    hidden_size: positiveInt.default(4096),
    intermediate_size: positiveInt.default(22016),
    num_hidden_layers: layerCount.default(32),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.nullable().default(32),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(32768),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(false),
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

interface Qwen2LikeConfig extends LlamaLikeConfig, WindowConfig {
  max_window_layers: number;
}

/** Llama's structure with biases on q, k and v; layers from `max_window_layers` on may have a window. */
export function qwen2LikeSpec(config: Qwen2LikeConfig, rope: RopeSpec): ModelSpec {
  const windows = layerWindows(config, (layer) => layer >= config.max_window_layers);
  return llamaLikeSpec(config, rope, (layer) => ({
    useBiasQ: true,
    useBiasKv: true,
    slidingWindowSize: windows[layer] ?? null,
  }));
}
