import {
  type ActivationType,
  attentionSpec,
  type FfnSpec,
  ffnSpec,
  gatedDeltaSpec,
  layerSpec,
  type ModelSpec,
  type MoeSpec,
  modelSpec,
  moeSpec,
  type NormSpec,
  type RopeSpec,
} from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from './activation-names.ts';
import { layerCount, oneOf, only, positive, positiveInt } from './config-values.ts';
import { expertWeights } from './experts.ts';
import { checkHeads, headsOf } from './heads.ts';
import { mropeKeys } from './mrope-config.ts';
import { partialRopeDictSchema, partialRopeKeys } from './partial-rope-config.ts';
import { visionKeys } from './vision-keys.ts';
import { fusedWeights, type WeightNames } from './weight-names.ts';

/** Keys of families whose layers are linear attention by the gated delta rule, and every so many softmax attention. */
export const deltaHybridKeys = {
  vocab_size: positiveInt,
  hidden_size: positiveInt,
  num_hidden_layers: layerCount,
  num_attention_heads: positiveInt.default(16),
  num_key_value_heads: positiveInt,
  head_dim: positiveInt.default(256),
  hidden_act: oneOf(activationNames).default('silu'),
  max_position_embeddings: positiveInt.default(32768),
  rms_norm_eps: positive.default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: only(false),
  attn_output_gate: only(true),
  linear_conv_kernel_dim: positiveInt.min(2).default(4),
  linear_key_head_dim: positiveInt.default(128),
  linear_value_head_dim: positiveInt.default(128),
  linear_num_key_heads: positiveInt.default(16),
  linear_num_value_heads: positiveInt.default(32),
  /** Every so many layers one is softmax attention; transformers 5 writes the list instead. */
  full_attention_interval: positiveInt.default(4),
  layer_types: z.array(oneOf({ linear_attention: 'linear', full_attention: 'full' })).nullish(),
};

const hybridSchema = z.object(deltaHybridKeys);
type DeltaHybridConfig = z.infer<typeof hybridSchema>;

/** Keys of experts, where layers have them. */
export const deltaExpertKeys = {
  moe_intermediate_size: positiveInt.default(512),
  shared_expert_intermediate_size: positiveInt.default(512),
};

/** The keys about rotary positions of three axes where only a part of each head turns. */
export const partialMropeKeys = {
  ...mropeKeys,
  partial_rotary_factor: partialRopeKeys.partial_rotary_factor,
  rope_scaling: mropeKeys.rope_scaling.and(partialRopeDictSchema).nullish(),
  rope_parameters: mropeKeys.rope_parameters.and(partialRopeDictSchema).nullish(),
};

/** Share of a head's dimensions that turn, where no key says it. */
export const usualPart = 0.25;

/** For a schema's `superRefine`. */
export function checkDeltaHybrid<T extends DeltaHybridConfig>(config: T, context: z.RefinementCtx<T>): void {
  checkHeads(config, context);
  const fail = (key: keyof DeltaHybridConfig, message: string) =>
    context.addIssue({ code: 'custom', path: [key], message });
  const { layer_types: types, num_hidden_layers: layers } = config;
  if (types && types.length !== layers)
    fail('layer_types', `has ${types.length} entries, but num_hidden_layers is ${layers}`);
  const { linear_num_key_heads: keys, linear_num_value_heads: values } = config;
  if (values % keys !== 0) fail('linear_num_key_heads', `${keys} does not divide linear_num_value_heads ${values}`);
}

/** The specification of such a model: norms whose weight is one more than stored, attention with a gated output. */
export function deltaHybridSpec(
  config: DeltaHybridConfig,
  rope: RopeSpec,
  ffnOf: (layer: number) => FfnSpec | MoeSpec,
): ModelSpec {
  const { hidden_size: hiddenDim, rms_norm_eps: normEps } = config;
  const norm: NormSpec = { normType: 'rms_norm', normEps, useBias: false, weight: 'one_plus' };
  const full = attentionSpec({
    ...{ hiddenDim, ...headsOf(config), rope, useBiasQ: false, useBiasKv: false },
    qkNorm: { norm, scope: 'per_head' },
    outputGate: 'per_number',
  });
  const linear = gatedDeltaSpec({
    hiddenDim,
    numHeads: config.linear_num_value_heads,
    headDim: config.linear_value_head_dim,
    numKeyHeads: config.linear_num_key_heads,
    keyDim: config.linear_key_head_dim,
    convWidth: config.linear_conv_kernel_dim,
    activation: config.hidden_act,
    normEps,
  });
  const isFull = (layer: number) =>
    config.layer_types ? config.layer_types[layer] === 'full' : (layer + 1) % config.full_attention_interval === 0;
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) =>
    layerSpec({ mixer: isFull(layer) ? full : linear, ffn: ffnOf(layer), normEps, normWeight: 'one_plus' }),
  );
  return modelSpec({
    ...{ vocabSize: config.vocab_size, hiddenDim, layers, tieEmbeddings: config.tie_word_embeddings },
    maxSeqLen: rope.scaling.kind === 'dynamic' ? null : config.max_position_embeddings,
  });
}

interface DeltaExpertConfig {
  hidden_size: number;
  hidden_act: ActivationType;
  num_experts: number;
  num_experts_per_tok: number;
  moe_intermediate_size: number;
  shared_expert_intermediate_size: number;
}

/** Experts, and one that all tokens share, behind a gate. */
export function deltaExperts(config: DeltaExpertConfig, normalize: boolean): MoeSpec {
  const dims = { hiddenDim: config.hidden_size, activation: config.hidden_act };
  return moeSpec({
    ...dims,
    numExperts: config.num_experts,
    topK: config.num_experts_per_tok,
    intermediateDim: config.moe_intermediate_size,
    router: { normalize },
    shared: { ffn: ffnSpec({ ...dims, intermediateDim: config.shared_expert_intermediate_size }), useGate: true },
  });
}

const inLayer = 'model.layers.{i}';
const [attention, linear, ours] = [`${inLayer}.self_attn`, `${inLayer}.linear_attn`, 'layers.{i}.mixer'];

/** Names of their tensors, without those of the projections into linear attention. */
export const deltaHybridWeights: WeightNames = {
  embedding: 'model.embed_tokens',
  'layers.{i}.preMixerNorm': `${inLayer}.input_layernorm`,
  ...fusedWeights({ tensor: `${attention}.q_proj`, part: { of: [`${ours}.q`, `${ours}.gate`], by: 'head' } }),
  [`${ours}.k`]: `${attention}.k_proj`,
  [`${ours}.v`]: `${attention}.v_proj`,
  [`${ours}.o`]: `${attention}.o_proj`,
  [`${ours}.q.norm`]: `${attention}.q_norm`,
  [`${ours}.k.norm`]: `${attention}.k_norm`,
  ...fusedWeights({
    tensor: `${linear}.conv1d`,
    part: { of: [`${ours}.conv.q`, `${ours}.conv.k`, `${ours}.conv.v`] },
  }),
  [`${ours}.scan.timeStepBias`]: `${linear}.dt_bias`,
  [`${ours}.scan.logDecay`]: `${linear}.A_log`,
  [`${ours}.norm`]: `${linear}.norm`,
  [`${ours}.out`]: `${linear}.out_proj`,
  'layers.{i}.preFfnNorm': `${inLayer}.post_attention_layernorm`,
  'layers.{i}.ffn.gate': `${inLayer}.mlp.gate_proj`,
  'layers.{i}.ffn.up': `${inLayer}.mlp.up_proj`,
  'layers.{i}.ffn.down': `${inLayer}.mlp.down_proj`,
  finalNorm: 'model.norm',
  lmHead: 'lm_head',
};

/** Names of the tensors of experts. */
export const deltaExpertWeights: WeightNames = {
  'layers.{i}.ffn.router': `${inLayer}.mlp.gate`,
  ...expertWeights(`${inLayer}.mlp.experts`),
  'layers.{i}.ffn.shared.gate': `${inLayer}.mlp.shared_expert.gate_proj`,
  'layers.{i}.ffn.shared.up': `${inLayer}.mlp.shared_expert.up_proj`,
  'layers.{i}.ffn.shared.down': `${inLayer}.mlp.shared_expert.down_proj`,
  'layers.{i}.ffn.sharedGate': `${inLayer}.mlp.shared_expert_gate`,
};

/** Names of the projections into linear attention where each has a tensor, queries, keys and values one between them. */
export const apartDeltaWeights: WeightNames = {
  ...fusedWeights({
    tensor: `${linear}.in_proj_qkv`,
    part: { of: [`${ours}.in.q`, `${ours}.in.k`, `${ours}.in.v`] },
  }),
  [`${ours}.in.gate`]: `${linear}.in_proj_z`,
  [`${ours}.in.beta`]: `${linear}.in_proj_b`,
  [`${ours}.in.timeStep`]: `${linear}.in_proj_a`,
};

/** Names of the projections into linear attention where there are two tensors, in which groups of heads follow each other. */
export const joinedDeltaWeights: WeightNames = {
  ...fusedWeights({
    tensor: `${linear}.in_proj_qkvz`,
    part: { of: [`${ours}.in.q`, `${ours}.in.k`, `${ours}.in.v`, `${ours}.in.gate`], by: 'kv_head' },
  }),
  ...fusedWeights({
    tensor: `${linear}.in_proj_ba`,
    part: { of: [`${ours}.in.beta`, `${ours}.in.timeStep`], by: 'kv_head' },
  }),
};

const predictor = 'predicts further tokens, which only matters for speculation';

/** Keys that change nothing here. */
export const unreadDeltaKeys: Readonly<Record<string, string>> = {
  ...visionKeys,
  language_model_only: 'the language model is all there is here',
  mamba_ssm_dtype: 'states are float32 in any case',
  mtp_num_hidden_layers: predictor,
  mtp_use_dedicated_embeddings: predictor,
};

export const unreadDeltaTensors: Readonly<Record<string, string>> = {
  'model.visual.*': 'vision tower',
  'mtp.*': predictor,
};
