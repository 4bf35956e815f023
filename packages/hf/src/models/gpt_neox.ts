import { type NormSpec, uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { noWindowKeys } from '../layer-windows.ts';
import { llamaOptions } from '../llama-like.ts';
import { partialRopeKeys, rotaryDimOf } from '../partial-rope-config.ts';
import { ropeOf } from '../rope-config.ts';
import { fusedWeights } from '../weight-names.ts';

/** Defaults: `GPTNeoXConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(50432),
    hidden_size: positiveInt.default(6144),
    intermediate_size: positiveInt.default(24576),
    num_hidden_layers: layerCount.default(44),
    num_attention_heads: positiveInt.default(64),
    hidden_act: oneOf(activationNames).default('gelu'),
    max_position_embeddings: positiveInt.default(2048),
    layer_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(true),
    use_parallel_residual: z.boolean().default(true),
    ...noWindowKeys,
    ...partialRopeKeys,
  })
  .superRefine(checkHeads);

const inLayer = 'gpt_neox.layers.{i}';
const causalMask = 'the mask follows from the positions';

/** Attention and network beside each other, each from a norm of its own; a quarter of each head turned. */
export default defineModel({
  modelType: 'gpt_neox',
  config,
  otherNames: { rotary_emb_base: 'rope_theta', rotary_pct: 'partial_rotary_factor' },
  toSpec(config) {
    const { layer_norm_eps: normEps } = config;
    const norm: NormSpec = { normType: 'layer_norm', normEps, useBias: true, weight: 'plain' };
    const rope = ropeOf(config, rotaryDimOf(config, headsOf(config).headDim, 0.25));
    return uniformModelSpec({
      ...llamaOptions({ ...config, mlp_bias: true, rms_norm_eps: normEps }, rope),
      useGate: false,
      norms: { preMixer: norm, postMixer: null, preFfn: norm, postFfn: null },
      residual: config.use_parallel_residual ? 'parallel' : 'sequential',
    });
  },
  ignoredKeys: {},
  weights: {
    embedding: 'gpt_neox.embed_in',
    'layers.{i}.preMixerNorm': `${inLayer}.input_layernorm`,
    ...fusedWeights({
      tensor: `${inLayer}.attention.query_key_value`,
      part: { of: ['layers.{i}.mixer.q', 'layers.{i}.mixer.k', 'layers.{i}.mixer.v'], by: 'kv_head' },
    }),
    'layers.{i}.mixer.o': `${inLayer}.attention.dense`,
    'layers.{i}.preFfnNorm': `${inLayer}.post_attention_layernorm`,
    'layers.{i}.ffn.up': `${inLayer}.mlp.dense_h_to_4h`,
    'layers.{i}.ffn.down': `${inLayer}.mlp.dense_4h_to_h`,
    finalNorm: 'gpt_neox.final_layer_norm',
    // On the hub, and as transformers 5 has it in memory.
    lmHead: ['embed_out', 'lm_head'],
  },
  ignoredTensors: {
    [`${inLayer}.attention.bias`]: causalMask,
    [`${inLayer}.attention.masked_bias`]: causalMask,
    [`${inLayer}.attention.rotary_emb.inv_freq`]: 'rotary frequencies follow from the config',
  },
});
