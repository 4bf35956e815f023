import { uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { olmoLikeOptions, olmoLikeWeights } from '../olmo-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `Olmo2Config` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(50304),
    hidden_size: positiveInt.default(4096),
    intermediate_size: positiveInt.default(11008),
    num_hidden_layers: layerCount.default(32),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(2048),
    rms_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    ...noWindowKeys,
    ...ropeKeys,
  })
  .superRefine(checkHeads);

/** A norm after each sublayer and none before; one over all heads of q and of k. */
export default defineModel({
  modelType: 'olmo2',
  config,
  toSpec: (config) => uniformModelSpec(olmoLikeOptions(config, ropeOf(config, headsOf(config).headDim))),
  ignoredKeys: {},
  weights: olmoLikeWeights,
  ignoredTensors: {},
});
