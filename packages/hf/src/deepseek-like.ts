import {
  type ActivationType,
  ffnSpec,
  layerSpec,
  type ModelSpec,
  mlaSpec,
  modelSpec,
  moeSpec,
  type RouterSpec,
  type SelectionSpec,
} from '@tttv2/spec';
import { expertWeights } from './experts.ts';
import { llamaLikeWeights } from './llama-like.ts';
import { type RopeConfig, ropeOf } from './rope-config.ts';
import type { WeightNames } from './weight-names.ts';

/** What the configurations of DeepSeek V2 and V3 say alike. */
interface DeepseekLikeConfig extends RopeConfig {
  vocab_size: number;
  hidden_size: number;
  intermediate_size: number;
  moe_intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  n_shared_experts: number;
  n_routed_experts: number;
  num_experts_per_tok: number;
  first_k_dense_replace: number;
  q_lora_rank?: number | null | undefined;
  kv_lora_rank: number;
  qk_nope_head_dim: number;
  qk_rope_head_dim: number;
  v_head_dim: number;
  hidden_act: ActivationType;
  rms_norm_eps: number;
  attention_bias: boolean;
  tie_word_embeddings: boolean;
}

interface DeepseekLikeOptions {
  /** Default `interleaved`. */
  ropeLayout?: 'interleaved' | 'half';
  /** Default false. */
  useBias?: boolean;
  /** Default: from the layer `first_k_dense_replace` on. */
  hasExperts?: (layer: number) => boolean;
  /** Which tokens a layer sees; default all. */
  selectionOf?: (layer: number) => SelectionSpec | null;
}

/** Latent attention; from a layer on, experts beside a network that all tokens share. */
export function deepseekLikeSpec(
  config: DeepseekLikeConfig,
  router: Partial<RouterSpec>,
  { ropeLayout = 'interleaved', useBias = false, hasExperts, selectionOf = () => null }: DeepseekLikeOptions = {},
): ModelSpec {
  const { hidden_size: hiddenDim, moe_intermediate_size: expertDim, hidden_act: activation } = config;
  const network = (intermediateDim: number) => ffnSpec({ hiddenDim, intermediateDim, activation, useBias });
  const experts = moeSpec({
    hiddenDim,
    numExperts: config.n_routed_experts,
    topK: config.num_experts_per_tok,
    intermediateDim: expertDim,
    activation,
    router,
    shared: { ffn: network(expertDim * config.n_shared_experts) },
  });
  const dense = network(config.intermediate_size);
  const isSparse = hasExperts ?? ((layer: number) => layer >= config.first_k_dense_replace);
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) =>
    layerSpec({
      attention: latentAttention(config, ropeLayout, selectionOf(layer)),
      ffn: isSparse(layer) ? experts : dense,
      normEps: config.rms_norm_eps,
    }),
  );
  return modelSpec({
    vocabSize: config.vocab_size,
    hiddenDim,
    layers,
    maxSeqLen: config.max_position_embeddings,
    tieEmbeddings: config.tie_word_embeddings,
  });
}

/** The norms of the latents have an epsilon that no key says: 1e-6. */
function latentAttention(config: DeepseekLikeConfig, layout: 'interleaved' | 'half', selection: SelectionSpec | null) {
  const { qk_nope_head_dim: qkNopeHeadDim, qk_rope_head_dim: qkRopeHeadDim } = config;
  return mlaSpec({
    hiddenDim: config.hidden_size,
    numHeads: config.num_attention_heads,
    qLoraRank: config.q_lora_rank ?? null,
    kvLoraRank: config.kv_lora_rank,
    qkNopeHeadDim,
    qkRopeHeadDim,
    vHeadDim: config.v_head_dim,
    scale: (qkNopeHeadDim + qkRopeHeadDim) ** -0.5 * scoreScale(config),
    rope: { ...ropeOf(config, qkRopeHeadDim), layout },
    useBias: config.attention_bias,
    selection,
  });
}

/** What YaRN asks of the scores, once for each of q and k: `yarn_apply_mscale` in transformers' `modeling_deepseek_v2.py`. */
function scoreScale({ rope_scaling, rope_parameters }: RopeConfig): number {
  const dict = rope_scaling ?? rope_parameters;
  if (dict?.rope_type !== 'yarn' || !dict.mscale_all_dim || !dict.factor || dict.factor <= 1) return 1;
  return (0.1 * dict.mscale_all_dim * Math.log(dict.factor) + 1) ** 2;
}

/** DeepSeek V3's choice of experts, which others took over: by sigmoid, a bias for the choice alone, and groups. */
export function biasedRouter(config: {
  norm_topk_prob: boolean;
  routed_scaling_factor: number;
  n_group: number | null;
  topk_group: number | null;
}): Partial<RouterSpec> {
  return {
    score: 'sigmoid',
    normalize: config.norm_topk_prob,
    scale: config.routed_scaling_factor,
    useSelectionBias: true,
    groups: expertGroups(config.n_group, config.topk_group, 'top2_sum'),
  };
}

/** Groups of experts change nothing where all of them are chosen. */
export function expertGroups(
  count: number | null,
  chosen: number | null,
  score: 'max' | 'top2_sum',
): RouterSpec['groups'] {
  return count === null || chosen === null || chosen >= count ? null : { count, chosen, score };
}

const inLayer = 'model.layers.{i}';

/** Names of their tensors. */
export const deepseekLikeWeights: WeightNames = {
  ...llamaLikeWeights,
  'layers.{i}.mixer.q.down': `${inLayer}.self_attn.q_a_proj`,
  'layers.{i}.mixer.q.norm': `${inLayer}.self_attn.q_a_layernorm`,
  'layers.{i}.mixer.q.up': `${inLayer}.self_attn.q_b_proj`,
  'layers.{i}.mixer.kvDown': `${inLayer}.self_attn.kv_a_proj_with_mqa`,
  'layers.{i}.mixer.kvNorm': `${inLayer}.self_attn.kv_a_layernorm`,
  'layers.{i}.mixer.kvUp': `${inLayer}.self_attn.kv_b_proj`,
  'layers.{i}.ffn.router': `${inLayer}.mlp.gate`,
  'layers.{i}.ffn.shared.gate': `${inLayer}.mlp.shared_experts.gate_proj`,
  'layers.{i}.ffn.shared.up': `${inLayer}.mlp.shared_experts.up_proj`,
  'layers.{i}.ffn.shared.down': `${inLayer}.mlp.shared_experts.down_proj`,
  ...expertWeights(`${inLayer}.mlp.experts`),
};

/** Keys of their files that change nothing here. */
export const deepseekLikeIgnoredKeys = {
  aux_loss_alpha: 'a loss of training',
  ep_size: 'splits the same computation',
  head_dim: 'nobody reads it: heads are as wide as their parts',
  num_key_value_heads: 'every head has keys and values of its own',
  output_router_logits: 'an output of training',
  pretraining_tp: 'splits matrices to repeat the rounding of training; the numbers it stands for are the same',
  qk_head_dim: 'nobody reads it: heads are as wide as their parts',
  seq_aux: 'a loss of training',
};
