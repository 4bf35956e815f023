import { type NormSpec, uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeAttentionWeights, llamaOptions } from '../llama-like.ts';
import { partialRopeKeys, rotaryDimOf } from '../partial-rope-config.ts';
import { ropeOf } from '../rope-config.ts';

/** Defaults: `PhiConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(51200),
    hidden_size: positiveInt.default(2048),
    intermediate_size: positiveInt.default(8192),
    num_hidden_layers: layerCount.default(24),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('gelu_tanh'),
    max_position_embeddings: positiveInt.default(2048),
    layer_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    qk_layernorm: z.boolean().default(false),
    ...noWindowKeys,
    ...partialRopeKeys,
  })
  .superRefine(checkHeads);

const inLayer = 'model.layers.{i}';

/** Attention and network beside each other, from one norm; a part of each head turned; biases everywhere. */
export default defineModel({
  modelType: 'phi',
  config,
  toSpec(config) {
    const { layer_norm_eps: normEps } = config;
    const norm: NormSpec = { normType: 'layer_norm', normEps, useBias: true, weight: 'plain' };
    const rope = ropeOf(config, rotaryDimOf(config, headsOf(config).headDim, 0.5));
    return uniformModelSpec({
      ...llamaOptions({ ...config, attention_bias: true, mlp_bias: true, rms_norm_eps: normEps }, rope),
      qkNorm: config.qk_layernorm ? { norm, scope: 'per_head' } : null,
      useGate: false,
      normType: 'layer_norm',
      residual: 'parallel',
      useBiasHead: true,
    });
  },
  ignoredKeys: { embd_pdrop: 'only matters in training', resid_pdrop: 'only matters in training' },
  weights: {
    ...llamaLikeAttentionWeights,
    'layers.{i}.mixer.o': `${inLayer}.self_attn.dense`,
    'layers.{i}.mixer.q.norm': `${inLayer}.self_attn.q_layernorm`,
    'layers.{i}.mixer.k.norm': `${inLayer}.self_attn.k_layernorm`,
    'layers.{i}.ffn.up': `${inLayer}.mlp.fc1`,
    'layers.{i}.ffn.down': `${inLayer}.mlp.fc2`,
    finalNorm: 'model.final_layernorm',
  },
  ignoredTensors: {},
});
