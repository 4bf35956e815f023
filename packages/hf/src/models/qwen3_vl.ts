import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads } from '../heads.ts';
import { inLanguageModel } from '../in-language-model.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeSpec } from '../llama-like.ts';
import { checkSections, mropeKeys, mropeOf } from '../mrope-config.ts';
import { qwen3Attention, qwen3Weights } from '../qwen3-like.ts';
import { visionKeys } from '../vision-keys.ts';

/** Defaults: `Qwen3VLTextConfig` of transformers 5.24. */
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
    max_position_embeddings: positiveInt.default(128000),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    ...noWindowKeys,
    ...mropeKeys,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkSections(found, found.head_dim, context);
  });

/** The language model of Qwen 3 VL: that of Qwen 3 with positions of three axes, which take turns. Its vision tower is left out. */
export default defineModel({
  modelType: 'qwen3_vl',
  config,
  nestsText: 'tied_as_whole',
  toSpec(config) {
    const defaults: Parameters<typeof mropeOf>[2] = { theta: 500_000, sections: [24, 20, 20], isInterleaved: true };
    const attention = qwen3Attention(config);
    return llamaLikeSpec(config, mropeOf(config, config.head_dim, defaults), () => attention);
  },
  ignoredKeys: visionKeys,
  weights: inLanguageModel(qwen3Weights),
  ignoredTensors: { 'model.visual.*': 'vision tower' },
});
