import { uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeWeights, llamaOptions } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `HeliumConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(48000),
    hidden_size: positiveInt.default(2560),
    intermediate_size: positiveInt.default(7040),
    num_hidden_layers: layerCount.default(24),
    num_attention_heads: positiveInt.default(20),
    num_key_value_heads: positiveInt.default(20),
    head_dim: positiveInt.default(128),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(4096),
    rms_norm_eps: positive.default(1e-8),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    ...noWindowKeys,
    ...ropeKeys,
  })
  .superRefine(checkHeads);

/** Llama's structure whose neighbours turn in pairs; the output projection has no bias. */
export default defineModel({
  modelType: 'helium',
  config,
  toSpec(config) {
    const rope = { ...ropeOf(config, headsOf(config).headDim), layout: 'interleaved' } as const;
    return uniformModelSpec({ ...llamaOptions(config, rope), useBiasO: false });
  },
  ignoredKeys: {},
  weights: llamaLikeWeights,
  ignoredTensors: {},
});
