import {
  type ActivationType,
  type AttentionOptions,
  attentionSpec,
  ffnSpec,
  layerSpec,
  type ModelSpec,
  modelSpec,
} from '@tttv2/spec';
import { headsOf } from './heads.ts';
import { llamaLikeWeights } from './llama-like.ts';
import type { WeightNames } from './weight-names.ts';

/** What the configurations of gemma 2 and 3 say alike. */
interface GemmaLikeConfig {
  vocab_size: number;
  hidden_size: number;
  intermediate_size: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim: number;
  hidden_activation: ActivationType;
  max_position_embeddings: number;
  rms_norm_eps: number;
  tie_word_embeddings: boolean;
  attention_bias: boolean;
  query_pre_attn_scalar: number;
  final_logit_softcapping?: number | null | undefined;
}

/** Norms before and after each sublayer, whose weight is one more than stored; embeddings by the root of their size. */
export function gemmaLikeSpec(
  config: GemmaLikeConfig,
  windows: readonly (number | null)[],
  attentionOf: (window: number | null) => Partial<AttentionOptions>,
): ModelSpec {
  const { hidden_size: hiddenDim, attention_bias: useBias } = config;
  const ffn = ffnSpec({ hiddenDim, intermediateDim: config.intermediate_size, activation: config.hidden_activation });
  const layers = windows.map((slidingWindowSize) =>
    layerSpec({
      attention: attentionSpec({
        hiddenDim,
        ...headsOf(config),
        useBiasQ: useBias,
        useBiasKv: useBias,
        useBiasO: useBias,
        scale: config.query_pre_attn_scalar ** -0.5,
        slidingWindowSize,
        ...attentionOf(slidingWindowSize),
      }),
      ffn,
      normEps: config.rms_norm_eps,
      normWeight: 'one_plus',
      postNorm: true,
    }),
  );
  return modelSpec({
    vocabSize: config.vocab_size,
    hiddenDim,
    layers,
    maxSeqLen: config.max_position_embeddings,
    embeddingScale: Math.sqrt(hiddenDim),
    logitSoftcap: config.final_logit_softcapping ?? null,
    tieEmbeddings: config.tie_word_embeddings,
  });
}

/** Names of their tensors: the norm after attention has the name that llama has for the one before the network. */
export const gemmaLikeWeights: WeightNames = {
  ...llamaLikeWeights,
  'layers.{i}.postMixerNorm': 'model.layers.{i}.post_attention_layernorm',
  'layers.{i}.preFfnNorm': 'model.layers.{i}.pre_feedforward_layernorm',
  'layers.{i}.postFfnNorm': 'model.layers.{i}.post_feedforward_layernorm',
};
