import { uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeWeights, llamaOptions } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `Ernie4_5Config` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(103424),
    hidden_size: positiveInt.default(1024),
    intermediate_size: positiveInt.default(3072),
    num_hidden_layers: layerCount.default(18),
    num_attention_heads: positiveInt.default(16),
    num_key_value_heads: positiveInt.nullable().default(2),
    head_dim: positiveInt.nullable().default(128),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(131072),
    rms_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(true),
    use_bias: z.boolean().default(false),
    ...noWindowKeys,
    ...ropeKeys,
  })
  .superRefine(checkHeads);

/** Llama's structure whose neighbours turn in pairs; one key says of biases everywhere. */
export default defineModel({
  modelType: 'ernie4_5',
  config,
  toSpec(config) {
    const rope = { ...ropeOf(config, headsOf(config).headDim), layout: 'interleaved' } as const;
    const biases = { attention_bias: config.use_bias, mlp_bias: config.use_bias };
    return uniformModelSpec(llamaOptions({ ...config, ...biases }, rope));
  },
  ignoredKeys: {},
  weights: llamaLikeWeights,
  ignoredTensors: {},
});
