import { uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeWeights, llamaOptions } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `SeedOssConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(155136),
    hidden_size: positiveInt.default(4096),
    intermediate_size: positiveInt.default(27648),
    num_hidden_layers: layerCount.default(64),
    num_attention_heads: positiveInt.default(80),
    num_key_value_heads: positiveInt.nullable().default(8),
    head_dim: positiveInt.nullable().default(128),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(524288),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(true),
    attention_out_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    ...noWindowKeys,
    ...ropeKeys,
  })
  .superRefine(checkHeads);

/** Llama's structure, whose output projection has a bias by a key of its own. */
export default defineModel({
  modelType: 'seed_oss',
  config,
  toSpec: (config) =>
    uniformModelSpec({
      ...llamaOptions(config, ropeOf(config, headsOf(config).headDim)),
      useBiasO: config.attention_out_bias,
    }),
  ignoredKeys: {
    pretraining_tp: 'splits matrices to repeat the rounding of training; the numbers it stands for are the same',
    residual_dropout: 'only matters in training',
  },
  weights: llamaLikeWeights,
  ignoredTensors: {},
});
