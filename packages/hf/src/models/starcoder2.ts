import { uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { checkOneWindow, windowKeys } from '../layer-windows.ts';
import { llamaLikeAttentionWeights, llamaOptions } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';

/** Defaults: `Starcoder2Config` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(49152),
    hidden_size: positiveInt.default(3072),
    intermediate_size: positiveInt.default(12288),
    num_hidden_layers: layerCount.default(30),
    num_attention_heads: positiveInt.default(24),
    num_key_value_heads: positiveInt.default(2),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('gelu_tanh'),
    max_position_embeddings: positiveInt.default(4096),
    norm_epsilon: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(true),
    use_bias: z.boolean().default(true),
    ...windowKeys,
    ...ropeKeys,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkOneWindow(found, context);
  });

const unread = 'nobody reads it';

/** Layer norms, rotary positions, biases and networks without a gate; all layers may have a window. */
export default defineModel({
  modelType: 'starcoder2',
  config,
  toSpec(config) {
    const { norm_epsilon: normEps, use_bias: useBias } = config;
    const rope = ropeOf(config, headsOf(config).headDim);
    return uniformModelSpec({
      ...llamaOptions({ ...config, attention_bias: useBias, mlp_bias: useBias, rms_norm_eps: normEps }, rope),
      slidingWindowSize: config.sliding_window ?? null,
      useGate: false,
      normType: 'layer_norm',
    });
  },
  ignoredKeys: {
    activation_function: 'nobody reads it: hidden_act says it',
    attention_softmax_in_fp32: 'scores are float32 in any case',
    embedding_dropout: 'only matters in training',
    layer_norm_epsilon: 'nobody reads it: norm_epsilon says it',
    mlp_type: unread,
    norm_type: unread,
    residual_dropout: 'only matters in training',
    scale_attention_softmax_in_fp32: 'scores are float32 in any case',
    scale_attn_weights: unread,
  },
  weights: {
    ...llamaLikeAttentionWeights,
    'layers.{i}.ffn.up': 'model.layers.{i}.mlp.c_fc',
    'layers.{i}.ffn.down': 'model.layers.{i}.mlp.c_proj',
  },
  ignoredTensors: {},
});
