import { attentionSpec, ffnSpec, layerSpec, type ModelSpec, modelSpec, moeSpec, type NormSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, only, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK } from '../experts.ts';
import { checkHeads } from '../heads.ts';
import { inLanguageModel } from '../in-language-model.ts';
import { checkWindows, layerWindows, windowKeys } from '../layer-windows.ts';
import { llamaLikeAttentionWeights } from '../llama-like.ts';
import { partialRopeDictSchema, rotaryDimOf } from '../partial-rope-config.ts';
import { ropeOf } from '../rope-config.ts';

const layerIndex = z.number().int().nonnegative();
/** A bound of gates after they were activated: 0 and null are none. */
const noLimits = z.array(z.preprocess((limit) => (limit === 0 ? null : limit), only(null))).nullish();

/**
 * Defaults: `Step3p7TextConfig` of transformers 5.24, and what files have under older names. Lists of one entry a layer may
 * go on for the layers that predict further tokens.
 */
const config = z
  .object({
    vocab_size: positiveInt.default(128815),
    hidden_size: positiveInt.default(4096),
    /** Of layers without experts. */
    intermediate_size: positiveInt.default(11264),
    num_hidden_layers: layerCount.default(45),
    num_attention_heads: positiveInt.default(64),
    num_key_value_heads: positiveInt.default(8),
    head_dim: positiveInt.default(128),
    /** Of layers with a window. */
    num_sliding_attention_heads: positiveInt.nullish(),
    attention_other_setting: z.object({ num_attention_heads: positiveInt.optional() }).nullish(),
    per_layer_config: z
      .record(z.string().regex(/^\d+$/), z.object({ num_attention_heads: positiveInt.optional() }))
      .nullish(),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(128000),
    rms_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    query_pre_attn_scalar: positive.nullish(),
    ...windowKeys,
    rope_theta: z.union([positive, z.array(positive)]).nullish(),
    partial_rotary_factors: z.array(positive.max(1)).nullish(),
    rope_scaling: partialRopeDictSchema,
    rope_parameters: z
      .object({ full_attention: partialRopeDictSchema, sliding_attention: partialRopeDictSchema })
      .nullish(),
    n_routed_experts: positiveInt.default(288),
    num_experts_per_tok: positiveInt.default(8),
    moe_intermediate_size: positiveInt.default(1280),
    share_expert_dim: positiveInt.default(1280),
    moe_router_scaling_factor: positive.default(1),
    mlp_layer_types: z.array(oneOf({ sparse: 'sparse', dense: 'dense' })).nullish(),
    moe_layers_enum: z.union([z.string(), z.array(layerIndex)]).nullish(),
    /** Layers before the first with experts, where no list says which have them. */
    first_k_dense_replace: layerIndex.default(3),
    num_nextn_predict_layers: layerIndex.default(0),
    swiglu_limits: noLimits,
    swiglu_limits_shared: noLimits,
    gating: only(true),
    n_shared_experts: only(1),
    scoring_func: only('sigmoid'),
    use_bidirectional_attention: only(false),
    use_moe_router_bias: only(true),
  })
  .transform((found) => {
    const { layer_types: types, num_hidden_layers: layers, num_nextn_predict_layers: further } = found;
    return types?.length === layers + further ? { ...found, layer_types: types.slice(0, layers) } : found;
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkWindows(found, context);
    checkTopK(found, ['num_experts_per_tok', 'n_routed_experts'], context);
  });
type Config = z.infer<typeof config>;

function headsIn(config: Config, layer: number, window: number | null): number {
  const { num_attention_heads: heads, attention_other_setting: other, per_layer_config: own } = config;
  const sliding = config.num_sliding_attention_heads ?? other?.num_attention_heads ?? heads;
  return own ? (own[`${layer}`]?.num_attention_heads ?? heads) : window === null ? heads : sliding;
}

/** What turns a layer; layers of a kind turn as the first of them. */
function ropeIn(config: Config, layer: number, window: number | null) {
  const { rope_theta: theta, partial_rotary_factors: parts, rope_scaling: scaling, head_dim: headDim } = config;
  const own = config.rope_parameters?.[window === null ? 'full_attention' : 'sliding_attention'];
  const found = {
    rope_theta: Array.isArray(theta) ? theta[layer] : theta,
    rope_scaling: own ?? (window === null ? scaling : null),
    partial_rotary_factor: parts?.[layer],
    max_position_embeddings: config.max_position_embeddings,
  };
  return ropeOf(found, rotaryDimOf(found, headDim));
}

function hasExperts(config: Config, layer: number): boolean {
  const { mlp_layer_types: types, moe_layers_enum: listed } = config;
  if (types) return types[layer] === 'sparse';
  if (!listed) return layer >= config.first_k_dense_replace;
  return (typeof listed === 'string' ? listed.split(',').map(Number) : listed).includes(layer);
}

function toSpec(config: Config): ModelSpec {
  const { hidden_size: hiddenDim, hidden_act: activation, rms_norm_eps: normEps } = config;
  const { attention_bias: useBias, mlp_bias: useMlpBias } = config;
  const norm: NormSpec = { normType: 'rms_norm', normEps, useBias: false, weight: 'one_plus' };
  const network = (intermediateDim: number) => ffnSpec({ hiddenDim, intermediateDim, activation, useBias: useMlpBias });
  const experts = moeSpec({
    ...{ hiddenDim, activation, intermediateDim: config.moe_intermediate_size },
    numExperts: config.n_routed_experts,
    topK: config.num_experts_per_tok,
    router: { score: 'sigmoid', useSelectionBias: true, scale: config.moe_router_scaling_factor },
    shared: { ffn: network(config.share_expert_dim) },
  });
  const layers = layerWindows(config, () => false).map((slidingWindowSize, layer) =>
    layerSpec({
      attention: attentionSpec({
        ...{ hiddenDim, headDim: config.head_dim, slidingWindowSize },
        numHeads: headsIn(config, layer, slidingWindowSize),
        numKvHeads: config.num_key_value_heads,
        ...{ useBiasQ: useBias, useBiasKv: useBias, useBiasO: useBias },
        scale: (config.query_pre_attn_scalar ?? config.head_dim) ** -0.5,
        qkNorm: { norm, scope: 'per_head' },
        outputGate: 'per_head',
        rope: ropeIn(config, layer, slidingWindowSize),
      }),
      ffn: hasExperts(config, layer) ? experts : network(config.intermediate_size),
      normEps,
      normWeight: 'one_plus',
    }),
  );
  return modelSpec({
    ...{ vocabSize: config.vocab_size, hiddenDim, layers, tieEmbeddings: config.tie_word_embeddings },
    maxSeqLen: config.max_position_embeddings,
  });
}

const inLayer = 'model.layers.{i}';
const ours = 'layers.{i}.ffn';
const furtherTokens = 'layers that predict further tokens are left out';

/**
 * Step 3.7: layers with windows and layers without, each with heads and rotary tables of its kind, a gate for each head;
 * experts by sigmoid and bias, beside one that all tokens share.
 */
export default defineModel({
  modelType: 'step3p7',
  textModelType: 'step3p5',
  config,
  otherNames: {
    ...{ num_local_experts: 'n_routed_experts', moe_num_experts: 'n_routed_experts', num_experts: 'n_routed_experts' },
    ...{ num_attention_groups: 'num_key_value_heads', moe_top_k: 'num_experts_per_tok' },
    ...{ share_expert_dims: 'share_expert_dim', num_mtp_layers: 'num_nextn_predict_layers' },
  },
  nestsText: 'tied_as_whole',
  readsLayerConfig: true,
  toSpec,
  ignoredKeys: {
    vision_config: 'vision tower',
    image_token_id: 'says which tokens stand for images',
    projector_bias: 'vision tower',
    mtp_layer_types: furtherTokens,
    mtp_mlp_layer_types: furtherTokens,
    output_router_logits: 'an output of training',
  },
  weights: inLanguageModel({
    ...llamaLikeAttentionWeights,
    'layers.{i}.mixer.q.norm': `${inLayer}.self_attn.q_norm`,
    'layers.{i}.mixer.k.norm': `${inLayer}.self_attn.k_norm`,
    'layers.{i}.mixer.gate': `${inLayer}.self_attn.g_proj`,
    [`${ours}.gate`]: `${inLayer}.mlp.gate_proj`,
    [`${ours}.up`]: `${inLayer}.mlp.up_proj`,
    [`${ours}.down`]: `${inLayer}.mlp.down_proj`,
    [`${ours}.router`]: [`${inLayer}.moe.gate`, `${inLayer}.mlp.gate`],
    [`${ours}.router.selectionBias`]: [
      { tensor: `${inLayer}.moe.router_bias` },
      { tensor: `${inLayer}.mlp.gate.e_score_correction_bias` },
    ],
    ...stackedExperts(),
    ...sharedExpert(),
  }),
  ignoredTensors: {
    'model.layers.{next}.*': furtherTokens,
    'vision_model.*': 'vision tower',
    'vit_large_projector.*': 'vision tower',
  },
});

/** Those of a layer in one: as the hub has them, or gates and ups in one, too, as transformers holds them. */
function stackedExperts() {
  const [gate, up, down] = ['gate', 'up', 'down'].map((name) => `${ours}.experts.${name}.weight`);
  const gateUp = { tensor: `${inLayer}.mlp.experts.gate_up_proj`, part: { of: [gate ?? '', up ?? ''] } };
  return {
    [gate ?? '']: [{ tensor: `${inLayer}.moe.gate_proj.weight` }, gateUp],
    [up ?? '']: [{ tensor: `${inLayer}.moe.up_proj.weight` }, gateUp],
    [down ?? '']: [{ tensor: `${inLayer}.moe.down_proj.weight` }, { tensor: `${inLayer}.mlp.experts.down_proj` }],
  };
}

function sharedExpert() {
  const names = ['gate', 'up', 'down'];
  return Object.fromEntries(
    names.map((name) => [
      `${ours}.shared.${name}`,
      [`${inLayer}.share_expert.${name}_proj`, `${inLayer}.mlp.shared_experts.${name}_proj`],
    ]),
  );
}
