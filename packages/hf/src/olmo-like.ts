import type { NormSpec, RopeSpec, UniformOptions } from '@tttv2/spec';
import { type LlamaConfig, llamaLikeWeights, llamaOptions } from './llama-like.ts';
import type { WeightNames } from './weight-names.ts';

/** OLMo 2 and 3: a norm after each sublayer and none before; one over all heads of q and of k. */
export function olmoLikeOptions(config: Omit<LlamaConfig, 'mlp_bias'>, rope: RopeSpec): UniformOptions {
  const norm: NormSpec = { normType: 'rms_norm', normEps: config.rms_norm_eps, useBias: false, weight: 'plain' };
  return {
    ...llamaOptions({ ...config, mlp_bias: false }, rope),
    qkNorm: { norm, scope: 'full_width' },
    norms: { preMixer: null, postMixer: norm, preFfn: null, postFfn: norm },
    postNormOf: 'sublayer',
  };
}

/** Names of their tensors: the norm after attention has the name that llama has for the one before the network. */
export const olmoLikeWeights: WeightNames = {
  ...llamaLikeWeights,
  'layers.{i}.mixer.q.norm': 'model.layers.{i}.self_attn.q_norm',
  'layers.{i}.mixer.k.norm': 'model.layers.{i}.self_attn.k_norm',
  'layers.{i}.postMixerNorm': 'model.layers.{i}.post_attention_layernorm',
  'layers.{i}.postFfnNorm': 'model.layers.{i}.post_feedforward_layernorm',
};
