import type { UniformOptions } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from './activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from './config-values.ts';
import { checkHeads, headsOf } from './heads.ts';
import { noWindowKeys } from './layer-windows.ts';
import { llamaLikeWeights, llamaOptions } from './llama-like.ts';
import { partialRopeKeys, rotaryDimOf } from './partial-rope-config.ts';
import { ropeOf } from './rope-config.ts';
import { fusedWeights, type WeightNames } from './weight-names.ts';

/** Defaults: `GlmConfig` and `Glm4Config` of transformers 5.24. */
export const glmConfig = z
  .object({
    vocab_size: positiveInt.default(151552),
    hidden_size: positiveInt.default(4096),
    intermediate_size: positiveInt.default(13696),
    num_hidden_layers: layerCount.default(40),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.default(2),
    head_dim: positiveInt.default(128),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(131072),
    rms_norm_eps: positive.default(1.5625e-7),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(true),
    ...noWindowKeys,
    ...partialRopeKeys,
  })
  .superRefine(checkHeads);

/** Llama's structure with biases on q, k and v, and a part of each head turned by neighbours in pairs. */
export function glmOptions(config: z.infer<typeof glmConfig>): UniformOptions {
  const rope = ropeOf(config, rotaryDimOf(config, headsOf(config).headDim, 0.5));
  return {
    ...llamaOptions({ ...config, mlp_bias: false }, { ...rope, layout: 'interleaved' }),
    useBiasO: false,
  };
}

/** Names of their tensors. */
export const glmWeights: WeightNames = {
  ...llamaLikeWeights,
  ...fusedWeights({
    tensor: 'model.layers.{i}.mlp.gate_up_proj',
    part: { of: ['layers.{i}.ffn.gate', 'layers.{i}.ffn.up'] },
  }),
};
