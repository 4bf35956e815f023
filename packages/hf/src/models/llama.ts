import { uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeWeights, llamaOptions } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `LlamaConfig` of transformers 5.24. */
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
    ...noWindowKeys,
    ...ropeKeys,
  })
  .superRefine(checkHeads);

/** Llama 1 to 3 and the many models of the same structure. */
export default defineModel({
  modelType: 'llama',
  config,
  toSpec(config) {
    return uniformModelSpec(llamaOptions(config, ropeOf(config, headsOf(config).headDim)));
  },
  ignoredKeys: {
    is_llama_config: 'the family is chosen by model_type',
    max_sequence_length: 'nobody reads it: max_position_embeddings says it',
    pretraining_tp: 'splits matrices to repeat the rounding of training; the numbers it stands for are the same',
    rope_interleaved: 'nobody reads it: heads turn in halves',
  },
  weights: llamaLikeWeights,
  ignoredTensors: {
    'model.layers.{i}.self_attn.rotary_emb.inv_freq': 'rotary frequencies follow from the config',
  },
});
