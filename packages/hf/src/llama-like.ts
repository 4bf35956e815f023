import type { ActivationType, FfnSpec, MoeSpec, RopeSpec, UniformOptions } from '@tttv2/spec';
import { type AttentionOptions, attentionSpec, ffnSpec, layerSpec, type ModelSpec, modelSpec } from '@tttv2/spec';
import { headsOf } from './heads.ts';
import type { WeightNames } from './weight-names.ts';

/** What the families that follow llama say alike: pre-norms, rotary positions, gated networks. */
export interface LlamaLikeConfig {
  vocab_size: number;
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads?: number | null | undefined;
  head_dim?: number | null | undefined;
  hidden_act: ActivationType;
  max_position_embeddings: number;
  rms_norm_eps: number;
  tie_word_embeddings: boolean;
}

/**
 * The specification of such a model; `attentionOf` says what is special about the attention of a layer, `ffnOf` which
 * network it has, where it is another.
 */
export function llamaLikeSpec(
  config: LlamaLikeConfig,
  rope: RopeSpec,
  attentionOf: (layer: number) => Partial<AttentionOptions>,
  ffnOf: (layer: number) => FfnSpec | MoeSpec | undefined = () => undefined,
): ModelSpec {
  const dims = { hiddenDim: config.hidden_size };
  const noBias = { useBiasQ: false, useBiasKv: false, useBiasO: false };
  const dense = gatedFfn(config);
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) =>
    layerSpec({
      attention: attentionSpec({ ...dims, ...headsOf(config), ...noBias, rope, ...attentionOf(layer) }),
      ffn: ffnOf(layer) ?? dense,
      normEps: config.rms_norm_eps,
    }),
  );
  return modelSpec({
    ...dims,
    vocabSize: config.vocab_size,
    layers,
    maxSeqLen: rope.scaling.kind === 'dynamic' ? null : config.max_position_embeddings,
    tieEmbeddings: config.tie_word_embeddings,
  });
}

function gatedFfn({ hidden_size, intermediate_size, hidden_act }: LlamaLikeConfig): FfnSpec {
  return ffnSpec({ hiddenDim: hidden_size, intermediateDim: intermediate_size, activation: hidden_act });
}

/** What llama's configuration says beside: where there are biases. */
export interface LlamaConfig extends LlamaLikeConfig {
  attention_bias: boolean;
  mlp_bias: boolean;
}

/** Llama's structure, and what families share that change it in all layers alike. */
export function llamaOptions(config: LlamaConfig, rope: RopeSpec): UniformOptions {
  return {
    vocabSize: config.vocab_size,
    hiddenDim: config.hidden_size,
    intermediateDim: config.intermediate_size,
    numLayers: config.num_hidden_layers,
    ...headsOf(config),
    useBiasQ: config.attention_bias,
    useBiasKv: config.attention_bias,
    useBiasO: config.attention_bias,
    rope,
    activation: config.hidden_act,
    useBias: config.mlp_bias,
    normEps: config.rms_norm_eps,
    maxSeqLen: rope.scaling.kind === 'dynamic' ? null : config.max_position_embeddings,
    tieEmbeddings: config.tie_word_embeddings,
  };
}

/** Names of their tensors, without those of the network. */
export const llamaLikeAttentionWeights: WeightNames = {
  embedding: 'model.embed_tokens',
  'layers.{i}.preMixerNorm': 'model.layers.{i}.input_layernorm',
  'layers.{i}.mixer.q': 'model.layers.{i}.self_attn.q_proj',
  'layers.{i}.mixer.k': 'model.layers.{i}.self_attn.k_proj',
  'layers.{i}.mixer.v': 'model.layers.{i}.self_attn.v_proj',
  'layers.{i}.mixer.o': 'model.layers.{i}.self_attn.o_proj',
  'layers.{i}.preFfnNorm': 'model.layers.{i}.post_attention_layernorm',
  finalNorm: 'model.norm',
  lmHead: 'lm_head',
};

/** Names of their tensors. */
export const llamaLikeWeights: WeightNames = {
  ...llamaLikeAttentionWeights,
  'layers.{i}.ffn.gate': 'model.layers.{i}.mlp.gate_proj',
  'layers.{i}.ffn.up': 'model.layers.{i}.mlp.up_proj',
  'layers.{i}.ffn.down': 'model.layers.{i}.mlp.down_proj',
};
