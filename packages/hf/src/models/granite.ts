import { uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeWeights, llamaOptions } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `GraniteConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(32000),
    hidden_size: positiveInt.default(4096),
    intermediate_size: positiveInt.default(11008),
    num_hidden_layers: layerCount.default(32),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.nullish(),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(2048),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    embedding_multiplier: positive.default(1),
    /** Scales the scores of attention, instead of one by the root of the head dimension. */
    attention_multiplier: positive.default(1),
    residual_multiplier: positive.default(1),
    /** Divides the logits. */
    logits_scaling: positive.default(1),
    ...noWindowKeys,
    ...ropeKeys,
  })
  .superRefine(checkHeads);

/** Llama's structure whose embeddings, scores, sublayers and logits are scaled. */
export default defineModel({
  modelType: 'granite',
  config,
  toSpec(config) {
    return uniformModelSpec({
      ...llamaOptions(config, ropeOf(config, headsOf(config).headDim)),
      scale: config.attention_multiplier,
      residualScale: config.residual_multiplier,
      embeddingScale: config.embedding_multiplier,
      logitScale: 1 / config.logits_scaling,
    });
  },
  ignoredKeys: {},
  weights: llamaLikeWeights,
  ignoredTensors: {},
});
