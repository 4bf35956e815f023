import { attentionSpec, ffnSpec, layerSpec, modelSpec, moeSpec, ssdSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { oneOf, only, positive, positiveInt } from '../config-values.ts';
import { biasedRouter } from '../deepseek-like.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK } from '../experts.ts';
import type { WeightNames } from '../weight-names.ts';

const kinds = { mamba: 'ssd', linear_attention: 'ssd', attention: 'attention', full_attention: 'attention' } as const;
const layerKind = oneOf({ ...kinds, moe: 'moe', mlp: 'mlp' } as const);
const patternKind = oneOf({ M: 'ssd', '*': 'attention', E: 'moe', '-': 'mlp' } as const);

/** Defaults: `NemotronHConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(131072),
    hidden_size: positiveInt.default(4096),
    intermediate_size: positiveInt.default(21504),
    layers_block_type: z.array(layerKind).max(4096).nullish(),
    /** The same, a letter for each layer. */
    hybrid_override_pattern: z
      .string()
      .max(4096)
      .transform((letters) => [...letters])
      .pipe(z.array(patternKind))
      .default(['ssd', 'moe', 'attention', 'mlp']),
    max_position_embeddings: positiveInt.default(4096),
    layer_norm_epsilon: positive.default(1e-5),
    num_attention_heads: positiveInt.default(32),
    num_key_value_heads: positiveInt.nullable().default(8),
    head_dim: positiveInt.default(128),
    mlp_hidden_act: oneOf(activationNames).default('relu2'),
    mlp_bias: z.boolean().default(false),
    use_bias: z.boolean().default(false),
    mamba_num_heads: positiveInt.default(128),
    mamba_head_dim: positiveInt.default(64),
    mamba_hidden_act: oneOf(activationNames).default('silu'),
    ssm_state_size: positiveInt.default(128),
    n_groups: positiveInt.default(8),
    conv_kernel: positiveInt.min(2).default(4),
    use_conv_bias: z.boolean().default(true),
    /** What a time step is at least. */
    time_step_min: positive.default(0.001),
    n_routed_experts: positiveInt.default(8),
    num_experts_per_tok: positiveInt.default(2),
    moe_intermediate_size: positiveInt.default(7688),
    moe_shared_expert_intermediate_size: positiveInt.default(7688),
    moe_latent_size: positiveInt.nullish(),
    routed_scaling_factor: positive.default(1),
    n_group: positiveInt.default(1),
    topk_group: positiveInt.default(1),
    norm_topk_prob: z.boolean().default(true),
    n_shared_experts: only(1),
    attention_bias: only(false),
    tie_word_embeddings: only(false),
    sliding_window: only(null),
    attention_chunk_size: only(null),
  })
  .superRefine((found, context) => {
    checkTopK(found, ['num_experts_per_tok', 'n_routed_experts'], context);
    if (found.mlp_bias && found.moe_latent_size)
      context.addIssue({
        code: 'custom',
        path: ['mlp_bias'],
        message: 'must be false where there is a moe_latent_size',
      });
  });
type Config = z.infer<typeof config>;

/** The makers of a layer's only sublayer. */
function sublayersOf(config: Config) {
  const { hidden_size: hiddenDim, mlp_hidden_act: activation, layer_norm_epsilon: normEps } = config;
  const network = (intermediateDim: number) =>
    ffnSpec({ hiddenDim, intermediateDim, activation, useGate: false, useBias: config.mlp_bias });
  return {
    ssd: () => ({
      mixer: ssdSpec({
        hiddenDim,
        numHeads: config.mamba_num_heads,
        headDim: config.mamba_head_dim,
        stateDim: config.ssm_state_size,
        numGroups: config.n_groups,
        convWidth: config.conv_kernel,
        useBiasConv: config.use_conv_bias,
        useBias: config.use_bias,
        activation: config.mamba_hidden_act,
        normEps,
        minTimeStep: config.time_step_min,
      }),
      ffn: null,
    }),
    attention: () => ({
      mixer: attentionSpec({
        hiddenDim,
        numHeads: config.num_attention_heads,
        numKvHeads: config.num_key_value_heads,
        headDim: config.head_dim,
        useBiasQ: false,
        useBiasKv: false,
        useRotary: false,
      }),
      ffn: null,
    }),
    mlp: () => ({ mixer: null, ffn: network(config.intermediate_size) }),
    moe: () => ({
      mixer: null,
      ffn: moeSpec({
        hiddenDim,
        latentDim: config.moe_latent_size ?? null,
        numExperts: config.n_routed_experts,
        topK: config.num_experts_per_tok,
        intermediateDim: config.moe_intermediate_size,
        activation,
        useGate: false,
        router: biasedRouter(config),
        shared: { ffn: network(config.moe_shared_expert_intermediate_size) },
      }),
    }),
  };
}

/** Names on the hub, and those that transformers 5 has in memory. */
function named(tensor: string): string[] {
  return [`backbone.${tensor}`, `model.${tensor}`];
}

function experts(name: string) {
  return [
    ...named(`layers.{i}.mixer.experts.{e}.${name}_proj.weight`),
    ...named(`layers.{i}.mixer.experts.${name}_proj`),
  ].map((tensor) => ({ tensor }));
}

const inLayer = 'layers.{i}.mixer';
const weights: WeightNames = {
  embedding: named('embeddings'),
  'layers.{i}.preMixerNorm': named('layers.{i}.norm'),
  'layers.{i}.mixer.in': named(`${inLayer}.in_proj`),
  'layers.{i}.mixer.conv': named(`${inLayer}.conv1d`),
  'layers.{i}.mixer.scan.timeStepBias': named(`${inLayer}.dt_bias`),
  'layers.{i}.mixer.scan.logDecay': named(`${inLayer}.A_log`),
  'layers.{i}.mixer.scan.skip': named(`${inLayer}.D`),
  'layers.{i}.mixer.norm': named(`${inLayer}.norm`),
  'layers.{i}.mixer.out': named(`${inLayer}.out_proj`),
  'layers.{i}.mixer.q': named(`${inLayer}.q_proj`),
  'layers.{i}.mixer.k': named(`${inLayer}.k_proj`),
  'layers.{i}.mixer.v': named(`${inLayer}.v_proj`),
  'layers.{i}.mixer.o': named(`${inLayer}.o_proj`),
  'layers.{i}.preFfnNorm': named('layers.{i}.norm'),
  'layers.{i}.ffn.up': named(`${inLayer}.up_proj`),
  'layers.{i}.ffn.down': named(`${inLayer}.down_proj`),
  'layers.{i}.ffn.router': named(`${inLayer}.gate`),
  'layers.{i}.ffn.router.selectionBias': named(`${inLayer}.gate.e_score_correction_bias`).map((tensor) => ({ tensor })),
  'layers.{i}.ffn.latentDown': named(`${inLayer}.fc1_latent_proj`),
  'layers.{i}.ffn.latentUp': named(`${inLayer}.fc2_latent_proj`),
  'layers.{i}.ffn.experts.up.weight': experts('up'),
  'layers.{i}.ffn.experts.down.weight': experts('down'),
  'layers.{i}.ffn.shared.up': named(`${inLayer}.shared_experts.up_proj`),
  'layers.{i}.ffn.shared.down': named(`${inLayer}.shared_experts.down_proj`),
  finalNorm: named('norm_f'),
  lmHead: 'lm_head',
};

const furtherTokens = 'layers that predict further tokens are left out';
const initial = 'only matters before training';
const noPositions = 'nobody reads it: attention knows no positions';

/** Layers of one sublayer each: a recurrent mixer, attention without positions, a network or experts without gates. */
export default defineModel({
  modelType: 'nemotron_h',
  config,
  otherNames: {
    layer_types: 'layers_block_type',
    mamba_conv_bias: 'use_conv_bias',
    mamba_d_conv: 'conv_kernel',
    mamba_dt_min: 'time_step_min',
    mamba_n_groups: 'n_groups',
    num_local_experts: 'n_routed_experts',
  },
  toSpec(config) {
    const { hidden_size: hiddenDim, layer_norm_epsilon: normEps } = config;
    const sublayers = sublayersOf(config);
    const kinds = config.layers_block_type ?? config.hybrid_override_pattern;
    return modelSpec({
      vocabSize: config.vocab_size,
      hiddenDim,
      layers: kinds.map((kind) => layerSpec({ ...sublayers[kind](), normEps })),
      maxSeqLen: config.max_position_embeddings,
    });
  },
  ignoredKeys: {
    chunk_size: 'splits the same computation',
    expand: 'nobody reads it: the width is that of all heads',
    mamba_chunk_size: 'splits the same computation',
    mamba_dt_init_floor: initial,
    mamba_dt_limit: 'nobody reads it: time steps are as short as time_step_min says, and as long as they come',
    mamba_dt_max: initial,
    mamba_expand: 'nobody reads it: the width is that of all heads',
    mamba_proj_bias: 'nobody reads it: use_bias says it',
    mamba_ssm_cache_dtype: 'states are float32 in any case',
    moe_shared_expert_overlap: 'splits the same computation',
    mtp_hybrid_override_pattern: furtherTokens,
    mtp_layers_block_type: furtherTokens,
    norm_eps: 'nobody reads it: layer_norm_epsilon says it',
    num_hidden_layers: 'nobody reads it: there are as many layers as are named',
    num_logits_to_keep: 'chooses what transformers returns',
    num_nextn_predict_layers: furtherTokens,
    output_router_logits: 'an output of training',
    partial_rotary_factor: noPositions,
    rescale_prenorm_residual: initial,
    residual_in_fp32: 'sums are float32 in any case',
    rope_theta: noPositions,
    time_step_floor: initial,
    time_step_limit: 'nobody reads it: time steps are as short as time_step_min says, and as long as they come',
    time_step_max: initial,
    use_mamba_kernels: 'the backend chooses how it is computed',
  },
  weights,
  ignoredTensors: { 'mtp.*': furtherTokens },
});
