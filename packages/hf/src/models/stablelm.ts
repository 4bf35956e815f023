import { type NormSpec, uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaLikeWeights, llamaOptions } from '../llama-like.ts';
import { partialRopeKeys, rotaryDimOf } from '../partial-rope-config.ts';
import { ropeOf } from '../rope-config.ts';

/** Defaults: `StableLmConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(50304),
    hidden_size: positiveInt.default(2560),
    intermediate_size: positiveInt.default(6912),
    num_hidden_layers: layerCount.default(32),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.default(32),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(4096),
    layer_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    use_qkv_bias: z.boolean().default(false),
    qk_layernorm: z.boolean().default(false),
    use_parallel_residual: z.boolean().default(false),
    ...noWindowKeys,
    ...partialRopeKeys,
  })
  .superRefine(checkHeads);

const inLayer = 'model.layers.{i}';

/** Llama's structure with layer norms and a part of each head turned; heads may be normalised, each by its own weights. */
export default defineModel({
  modelType: 'stablelm',
  config,
  toSpec(config) {
    const { layer_norm_eps: normEps, use_qkv_bias: useBias } = config;
    const norm: NormSpec = { normType: 'layer_norm', normEps, useBias: false, weight: 'plain' };
    const rope = ropeOf(config, rotaryDimOf(config, headsOf(config).headDim, 0.25));
    return uniformModelSpec({
      ...llamaOptions({ ...config, attention_bias: useBias, mlp_bias: false, rms_norm_eps: normEps }, rope),
      useBiasO: false,
      qkNorm: config.qk_layernorm ? { norm, scope: 'per_head_weights' } : null,
      normType: 'layer_norm',
      residual: config.use_parallel_residual ? 'parallel' : 'sequential',
    });
  },
  ignoredKeys: {},
  weights: {
    ...llamaLikeWeights,
    'layers.{i}.mixer.q.norm.weight': { tensor: `${inLayer}.self_attn.q_layernorm.norms.{e}.weight` },
    'layers.{i}.mixer.k.norm.weight': { tensor: `${inLayer}.self_attn.k_layernorm.norms.{e}.weight` },
  },
  ignoredTensors: { [`${inLayer}.self_attn.rotary_emb.inv_freq`]: 'rotary frequencies follow from the config' },
});
