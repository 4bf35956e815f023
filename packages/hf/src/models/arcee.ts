import { uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeWeights, llamaOptions } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `ArceeConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(32000),
    hidden_size: positiveInt.default(2560),
    intermediate_size: positiveInt.default(18432),
    num_hidden_layers: layerCount.default(32),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.nullish(),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('relu2'),
    max_position_embeddings: positiveInt.default(4096),
    rms_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    ...noWindowKeys,
    ...ropeKeys,
  })
  .superRefine(checkHeads);

/** Llama's structure with networks that have no gate. */
export default defineModel({
  modelType: 'arcee',
  config,
  toSpec: (config) =>
    uniformModelSpec({ ...llamaOptions(config, ropeOf(config, headsOf(config).headDim)), useGate: false }),
  ignoredKeys: {},
  weights: llamaLikeWeights,
  ignoredTensors: {},
});
