import { type ActivationType, uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, only, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeWeights, llamaOptions } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `GemmaConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(256000),
    hidden_size: positiveInt.default(3072),
    intermediate_size: positiveInt.default(24576),
    num_hidden_layers: layerCount.default(28),
    num_attention_heads: positiveInt.default(16),
    num_key_value_heads: positiveInt.default(16),
    head_dim: positiveInt.default(256),
    /** The first files said `gelu` of what was trained with its approximation. */
    hidden_act: oneOf<ActivationType>({ ...activationNames, gelu: 'gelu_tanh' }).default('gelu_tanh'),
    max_position_embeddings: positiveInt.default(8192),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(true),
    attention_bias: z.boolean().default(false),
    use_bidirectional_attention: only(false),
    ...noWindowKeys,
    ...ropeKeys,
  })
  .superRefine(checkHeads);

/** Llama's structure with norms whose weight is one more than stored, and embeddings by the root of their size. */
export default defineModel({
  modelType: 'gemma',
  config,
  toSpec(config) {
    return uniformModelSpec({
      ...llamaOptions({ ...config, mlp_bias: false }, ropeOf(config, config.head_dim)),
      normWeight: 'one_plus',
      embeddingScale: Math.sqrt(config.hidden_size),
    });
  },
  ignoredKeys: { hidden_activation: 'nobody reads it: hidden_act says it' },
  weights: llamaLikeWeights,
  ignoredTensors: {},
});
