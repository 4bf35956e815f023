import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { checkOneWindow, windowKeys } from '../layer-windows.ts';
import { llamaLikeSpec, llamaLikeWeights } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `MistralConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(32000),
    hidden_size: positiveInt.default(4096),
    intermediate_size: positiveInt.default(14336),
    num_hidden_layers: layerCount.default(32),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.default(8),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(4096 * 32),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(false),
    ...windowKeys,
    /** A missing key is a window; null is none. */
    sliding_window: positiveInt.nullable().default(4096),
    ...ropeKeys,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkOneWindow(found, context);
  });

/** Llama's structure, every layer with the same window. */
export default defineModel({
  modelType: 'mistral',
  config,
  toSpec(config) {
    const rope = ropeOf(config, headsOf(config).headDim);
    return llamaLikeSpec(config, rope, () => ({ slidingWindowSize: config.sliding_window }));
  },
  ignoredKeys: {},
  weights: llamaLikeWeights,
  ignoredTensors: {
    'model.layers.{i}.self_attn.rotary_emb.inv_freq': 'rotary frequencies follow from the config',
  },
});
