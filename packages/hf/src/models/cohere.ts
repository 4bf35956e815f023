import { type NormSpec, uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeWeights, llamaOptions } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `CohereConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(256000),
    hidden_size: positiveInt.default(8192),
    intermediate_size: positiveInt.default(22528),
    num_hidden_layers: layerCount.default(40),
    num_attention_heads: positiveInt.default(64),
    num_key_value_heads: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(8192),
    layer_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(true),
    attention_bias: z.boolean().default(false),
    use_qk_norm: z.boolean().default(false),
    logit_scale: positive.default(0.0625),
    ...noWindowKeys,
    ...ropeKeys,
  })
  .superRefine(checkHeads);

/** Attention and network beside each other, from one norm; neighbours turn in pairs; scaled logits. */
export default defineModel({
  modelType: 'cohere',
  config,
  toSpec(config) {
    const { layer_norm_eps: normEps } = config;
    const norm: NormSpec = { normType: 'layer_norm', normEps, useBias: false, weight: 'plain' };
    const rope = { ...ropeOf(config, headsOf(config).headDim), layout: 'interleaved' } as const;
    return uniformModelSpec({
      ...llamaOptions({ ...config, mlp_bias: false, rms_norm_eps: normEps }, rope),
      qkNorm: config.use_qk_norm ? { norm, scope: 'per_head_weights' } : null,
      residual: 'parallel',
      norms: { preMixer: norm, postMixer: null, preFfn: null, postFfn: null },
      logitScale: config.logit_scale,
    });
  },
  ignoredKeys: {
    model_max_length: 'nobody reads it: max_position_embeddings says it',
    pretraining_tp: 'splits matrices to repeat the rounding of training; the numbers it stands for are the same',
  },
  weights: {
    ...llamaLikeWeights,
    'layers.{i}.mixer.q.norm': 'model.layers.{i}.self_attn.q_norm',
    'layers.{i}.mixer.k.norm': 'model.layers.{i}.self_attn.k_norm',
  },
  ignoredTensors: {},
});
