import { uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeWeights, llamaOptions } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `OlmoConfig` of transformers 5.24. */
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
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    clip_qkv: positive.nullish(),
    ...noWindowKeys,
    ...ropeKeys,
  })
  .superRefine(checkHeads);

/** Llama's structure with layer norms that have no weights; q, k and v may be bounded. */
export default defineModel({
  modelType: 'olmo',
  config,
  toSpec(config) {
    const unsaid = { mlp_bias: false, rms_norm_eps: 1e-5 };
    return uniformModelSpec({
      ...llamaOptions({ ...config, ...unsaid }, ropeOf(config, headsOf(config).headDim)),
      normType: 'layer_norm',
      normWeight: 'none',
      clipQkv: config.clip_qkv ?? null,
    });
  },
  ignoredKeys: {},
  weights: llamaLikeWeights,
  ignoredTensors: {},
});
