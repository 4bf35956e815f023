import { z } from 'zod';
import { activationNames } from './activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from './config-values.ts';
import { checkHeads, headsOf } from './heads.ts';
import { inLanguageModel } from './in-language-model.ts';
import { checkWindows, windowKeys } from './layer-windows.ts';
import { llamaLikeWeights } from './llama-like.ts';
import { checkSections, mropeKeys, mropeOf } from './mrope-config.ts';
import { qwen2LikeSpec } from './qwen2-like.ts';
import { visionKeys } from './vision-keys.ts';

/** Defaults: `Qwen2VLTextConfig` and `Qwen2_5_VLTextConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(152064),
    hidden_size: positiveInt.default(8192),
    intermediate_size: positiveInt.default(29568),
    num_hidden_layers: layerCount.default(80),
    num_attention_heads: positiveInt.default(64),
    num_key_value_heads: positiveInt.nullable().default(8),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(32768),
    rms_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    use_sliding_window: z.boolean().default(false),
    max_window_layers: z.number().int().nonnegative().default(80),
    ...windowKeys,
    ...mropeKeys,
  })
  .transform((found) => (found.use_sliding_window ? found : { ...found, sliding_window: null }))
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkSections(found, headsOf(found).headDim, context);
    checkWindows(found, context);
  });

/** The language model of Qwen 2 VL and 2.5 VL: that of Qwen 2 with positions of three axes. Their vision towers are left out. */
export const qwen2Vl = {
  config,
  nestsText: 'tied_as_either',
  toSpec(found: z.infer<typeof config>) {
    const rope = mropeOf(found, headsOf(found).headDim, { theta: 1_000_000, sections: [16, 24, 24] });
    return qwen2LikeSpec(found, rope);
  },
  ignoredKeys: visionKeys,
  // Names on the hub, and those that transformers has in memory since version 4.52.
  weights: inLanguageModel(llamaLikeWeights),
  ignoredTensors: { 'visual.*': 'vision tower', 'model.visual.*': 'vision tower' },
} as const;
