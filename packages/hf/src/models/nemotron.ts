import { uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeWeights, llamaOptions } from '../llama-like.ts';
import { partialRopeKeys, rotaryDimOf } from '../partial-rope-config.ts';
import { ropeOf } from '../rope-config.ts';

/** Defaults: `NemotronConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(256000),
    hidden_size: positiveInt.default(6144),
    intermediate_size: positiveInt.default(24576),
    num_hidden_layers: layerCount.default(32),
    num_attention_heads: positiveInt.default(48),
    num_key_value_heads: positiveInt.nullish(),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('relu2'),
    max_position_embeddings: positiveInt.default(4096),
    norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    ...noWindowKeys,
    ...partialRopeKeys,
  })
  .superRefine(checkHeads);

/** Layer norms whose weight is one more than stored, half of each head turned, networks without a gate. */
export default defineModel({
  modelType: 'nemotron',
  config,
  toSpec(config) {
    const rope = ropeOf(config, rotaryDimOf(config, headsOf(config).headDim, 0.5));
    return uniformModelSpec({
      ...llamaOptions({ ...config, rms_norm_eps: config.norm_eps }, rope),
      useGate: false,
      normType: 'layer_norm',
      normWeight: 'one_plus',
    });
  },
  ignoredKeys: {},
  weights: llamaLikeWeights,
  ignoredTensors: {},
});
