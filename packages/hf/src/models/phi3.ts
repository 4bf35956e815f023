import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, only, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { checkOneWindow, windowKeys } from '../layer-windows.ts';
import { llamaLikeSpec, llamaLikeWeights } from '../llama-like.ts';
import { partialRopeDictSchema, partialRopeKeys, rotaryDimOf } from '../partial-rope-config.ts';
import { ropeOf } from '../rope-config.ts';
import { fusedWeights } from '../weight-names.ts';

/** The first files call LongRoPE by the names of what it grew from. */
const ropeDict = z.preprocess(nameLongRope, partialRopeDictSchema);

/** Defaults: `Phi3Config` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(32064),
    hidden_size: positiveInt.default(3072),
    intermediate_size: positiveInt.default(8192),
    num_hidden_layers: layerCount.default(32),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.nullish(),
    head_dim: positiveInt.nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(4096),
    rms_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: only(false),
    lm_head_bias: only(false),
    mlp_bias: only(false),
    ...windowKeys,
    ...partialRopeKeys,
    original_max_position_embeddings: positiveInt.default(4096),
    rope_scaling: ropeDict,
    rope_parameters: ropeDict,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkOneWindow(found, context);
  });

const inLayer = 'model.layers.{i}';
const reserved = 'nobody reads it';

/** Llama's structure with q, k and v in one matrix, as gate and up, and a part of each head turned, perhaps by LongRoPE. */
export default defineModel({
  modelType: 'phi3',
  config,
  toSpec(config) {
    const rope = ropeOf(config, rotaryDimOf(config, headsOf(config).headDim));
    return llamaLikeSpec(config, rope, () => ({ slidingWindowSize: config.sliding_window ?? null }));
  },
  ignoredKeys: {
    embd_pdrop: 'only matters in training',
    resid_pdrop: 'only matters in training',
    full_attn_mod: reserved,
    interpolate_factor: reserved,
  },
  weights: {
    ...llamaLikeWeights,
    ...fusedWeights({
      tensor: `${inLayer}.self_attn.qkv_proj`,
      part: { of: ['layers.{i}.mixer.q', 'layers.{i}.mixer.k', 'layers.{i}.mixer.v'] },
    }),
    ...fusedWeights({
      tensor: `${inLayer}.mlp.gate_up_proj`,
      part: { of: ['layers.{i}.ffn.gate', 'layers.{i}.ffn.up'] },
    }),
  },
  ignoredTensors: {},
});

function nameLongRope(dict: unknown): unknown {
  if (typeof dict !== 'object' || dict === null || Array.isArray(dict)) return dict;
  const found = new Map<string, unknown>(Object.entries(dict));
  const type = found.get('rope_type') ?? found.get('type');
  return type === 'su' || type === 'yarn' ? { ...dict, rope_type: 'longrope' } : dict;
}
