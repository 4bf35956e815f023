import { type ActivationType, type AttentionOptions, type MoeSpec, moeSpec, type NormSpec } from '@tttv2/spec';
import { llamaLikeWeights } from './llama-like.ts';
import type { WeightNames } from './weight-names.ts';

/** A norm over each head of q and k; biases on all projections or none. */
export function qwen3Attention(config: { rms_norm_eps: number; attention_bias: boolean }): Partial<AttentionOptions> {
  const { rms_norm_eps: normEps, attention_bias: useBias } = config;
  const norm: NormSpec = { normType: 'rms_norm', normEps, useBias: false, weight: 'plain' };
  return { useBiasQ: useBias, useBiasKv: useBias, useBiasO: useBias, qkNorm: { norm, scope: 'per_head' } };
}

interface Qwen3MoeConfig {
  hidden_size: number;
  hidden_act: ActivationType;
  moe_intermediate_size: number;
  num_local_experts: number;
  num_experts_per_tok: number;
  decoder_sparse_step: number;
  mlp_only_layers?: readonly number[] | null | undefined;
}

/** The experts of a layer: every so many have them, except those of a list. `normalize`: chosen scores sum up to one. */
export function qwen3Experts(
  config: Qwen3MoeConfig,
  { normalize }: { normalize: boolean },
): (layer: number) => MoeSpec | undefined {
  const experts = moeSpec({
    hiddenDim: config.hidden_size,
    numExperts: config.num_local_experts,
    topK: config.num_experts_per_tok,
    intermediateDim: config.moe_intermediate_size,
    activation: config.hidden_act,
    router: { normalize },
  });
  const hasExperts = (layer: number) =>
    (layer + 1) % config.decoder_sparse_step === 0 && !config.mlp_only_layers?.includes(layer);
  return (layer) => (hasExperts(layer) ? experts : undefined);
}

const inLayer = 'model.layers.{i}';

/** Names of their tensors, those of layers without experts. */
export const qwen3Weights: WeightNames = {
  ...llamaLikeWeights,
  'layers.{i}.mixer.q.norm': `${inLayer}.self_attn.q_norm`,
  'layers.{i}.mixer.k.norm': `${inLayer}.self_attn.k_norm`,
};
