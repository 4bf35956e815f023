import {
  attentionSpec,
  type FfnSpec,
  ffnSpec,
  type LayerNorms,
  layerSpec,
  type ModelSpec,
  type MoeSpec,
  modelSpec,
  moeSpec,
  type NormSpec,
  type RopeSpec,
} from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, notOneOf, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { expertWeights } from '../experts.ts';
import { gemmaLikeWeights } from '../gemma-like.ts';
import { checkHeads } from '../heads.ts';
import { inLanguageModel } from '../in-language-model.ts';
import { checkWindows, layerWindows, windowKeys } from '../layer-windows.ts';
import { visionKeys } from '../vision-keys.ts';

/** A count that nobody here implements but for none; `usual` is the class's. */
const none = (usual: number) =>
  z
    .number()
    .int()
    .nonnegative()
    .superRefine((found, context) => {
      if (found !== 0) context.addIssue(notOneOf(found, ['0']));
    })
    .prefault(usual);

/** `proportional`: the first pairs of a head turn, by frequencies that count all of them. */
const ropeSchema = z.object({
  rope_type: oneOf({ default: 'default', proportional: 'proportional' }).default('default'),
  rope_theta: positive.default(10_000),
  partial_rotary_factor: positive.max(1).default(1),
  factor: positive.default(1),
});
type Rope = z.infer<typeof ropeSchema>;

const ownRopes: { full_attention: Rope; sliding_attention: Rope } = {
  full_attention: { rope_type: 'proportional', rope_theta: 1_000_000, partial_rotary_factor: 0.25, factor: 1 },
  sliding_attention: { rope_type: 'default', rope_theta: 10_000, partial_rotary_factor: 1, factor: 1 },
};

/** Defaults: `Gemma4TextConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(262144),
    hidden_size: positiveInt.default(2304),
    intermediate_size: positiveInt.default(9216),
    num_hidden_layers: layerCount.default(30),
    num_attention_heads: positiveInt.default(8),
    num_key_value_heads: positiveInt.default(4),
    head_dim: positiveInt.default(256),
    /** Of layers that see all tokens; transformers 5 writes `per_layer_config` instead. */
    global_head_dim: positiveInt.default(512),
    num_global_key_value_heads: positiveInt.nullish(),
    per_layer_config: z
      .record(
        z.string().regex(/^\d+$/),
        z.object({ head_dim: positiveInt.optional(), num_key_value_heads: positiveInt.optional() }),
      )
      .nullish(),
    hidden_activation: oneOf(activationNames).default('gelu_tanh'),
    max_position_embeddings: positiveInt.default(131072),
    rms_norm_eps: positive.default(1e-6),
    tie_word_embeddings: z.boolean().default(true),
    attention_bias: z.boolean().default(false),
    attention_k_eq_v: z.boolean().default(false),
    final_logit_softcapping: positive.nullish(),
    /** Tokens of images may see each other; those of text never see what follows. */
    use_bidirectional_attention: oneOf({ vision: 'vision' }).nullish(),
    hidden_size_per_layer_input: none(256),
    num_kv_shared_layers: none(0),
    enable_moe_block: z.boolean().default(false),
    num_experts: positiveInt.nullish(),
    top_k_experts: positiveInt.nullish(),
    moe_intermediate_size: positiveInt.nullish(),
    ...windowKeys,
    sliding_window: positiveInt.default(512),
    rope_parameters: z.object({ full_attention: ropeSchema, sliding_attention: ropeSchema }).nullish(),
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkWindows(found, context);
    if (!found.enable_moe_block) return;
    const { num_experts, top_k_experts, moe_intermediate_size } = found;
    for (const [key, value] of Object.entries({ num_experts, top_k_experts, moe_intermediate_size }))
      if (!value)
        context.addIssue({ code: 'custom', path: [key], message: 'is missing, but enable_moe_block is true' });
    if ((top_k_experts ?? 0) > (num_experts ?? 0))
      context.addIssue({
        code: 'custom',
        path: ['top_k_experts'],
        message: `is ${top_k_experts}, but num_experts is ${num_experts}`,
      });
  });
type Config = z.infer<typeof config>;

/** The window of each layer; the last sees all tokens, whatever a list says. */
function windowsOf(config: Config): (number | null)[] {
  return layerWindows(config, (layer) => (layer + 1) % 6 !== 0).with(-1, null);
}

/** A divisor of frequencies by which nothing turns that has as many tokens as fit anywhere. */
const still = 1e30;

function ropeOf({ rope_type, rope_theta: theta, partial_rotary_factor, factor }: Rope, headDim: number): RopeSpec {
  const turned = rope_type === 'default' ? headDim / 2 : Math.floor((partial_rotary_factor * headDim) / 2);
  const divisor = rope_type === 'default' ? 1 : factor;
  const base = { theta, rotaryDim: headDim, layout: 'half' } as const;
  if (turned === headDim / 2 && divisor === 1) return { ...base, scaling: { kind: 'default' } };
  const factors = Array.from({ length: headDim / 2 }, (_, pair) => (pair < turned ? divisor : still));
  return { ...base, scaling: { kind: 'factors', factors, attentionFactor: 1 } };
}

function attentionOf(config: Config, layer: number, window: number | null) {
  const { hidden_size: hiddenDim, attention_bias: useBias, attention_k_eq_v: sharesKeys, rms_norm_eps } = config;
  const isFull = window === null;
  const globalKvHeads = sharesKeys ? (config.num_global_key_value_heads ?? undefined) : undefined;
  const ofFull = { head_dim: config.global_head_dim, num_key_value_heads: globalKvHeads };
  const own = config.per_layer_config ? config.per_layer_config[`${layer}`] : isFull ? ofFull : undefined;
  const headDim = own?.head_dim ?? config.head_dim;
  const ropes = config.rope_parameters ?? ownRopes;
  const norm = normOf(rms_norm_eps);
  return attentionSpec({
    ...{ hiddenDim, headDim, numHeads: config.num_attention_heads },
    numKvHeads: own?.num_key_value_heads ?? config.num_key_value_heads,
    ...{ useBiasQ: useBias, useBiasKv: useBias, useBiasO: useBias },
    scale: 1,
    slidingWindowSize: window,
    qkNorm: { norm, scope: 'per_head' },
    vNorm: { ...norm, weight: 'none' },
    valuesAreKeys: sharesKeys && isFull,
    rope: ropeOf(isFull ? ropes.full_attention : ropes.sliding_attention, headDim),
  });
}

function normOf(normEps: number): NormSpec {
  return { normType: 'rms_norm', normEps, useBias: false, weight: 'plain' };
}

/** A dense network, or experts beside it, each with norms of its own. */
function networkOf(config: Config): FfnSpec | MoeSpec {
  const dims = { hiddenDim: config.hidden_size, activation: config.hidden_activation };
  const dense = ffnSpec({ ...dims, intermediateDim: config.intermediate_size });
  const { enable_moe_block, num_experts, top_k_experts, moe_intermediate_size } = config;
  if (!enable_moe_block || !num_experts || !top_k_experts || !moe_intermediate_size) return dense;
  const norm = normOf(config.rms_norm_eps);
  const norms = { pre: norm, post: norm };
  return moeSpec({
    ...dims,
    ...{ numExperts: num_experts, topK: top_k_experts, intermediateDim: moe_intermediate_size },
    router: { norm, logitScale: config.hidden_size ** -0.5, useExpertScale: true },
    ...{ norms, shared: { ffn: dense, norms } },
  });
}

function toSpec(config: Config): ModelSpec {
  const { hidden_size: hiddenDim } = config;
  const norm = normOf(config.rms_norm_eps);
  const ffn = networkOf(config);
  const norms: LayerNorms = {
    ...{ preMixer: norm, postMixer: norm, postFfn: norm },
    preFfn: ffn.kind === 'moe' ? null : norm,
  };
  return modelSpec({
    ...{ vocabSize: config.vocab_size, hiddenDim, tieEmbeddings: config.tie_word_embeddings },
    layers: windowsOf(config).map((window, layer) =>
      layerSpec({ attention: attentionOf(config, layer, window), ffn, norms, useOutputScale: true }),
    ),
    finalNorm: norm,
    maxSeqLen: config.max_position_embeddings,
    embeddingScale: Math.sqrt(hiddenDim),
    logitSoftcap: config.final_logit_softcapping ?? null,
  });
}

const inLayer = 'model.layers.{i}';
const tokens = 'says which tokens stand for sounds';

/**
 * The language model of Gemma 4: layers with a window, and some that see all tokens by wider heads whose values are their
 * keys; experts beside a dense network.
 */
export default defineModel({
  modelType: 'gemma4',
  textModelType: 'gemma4_text',
  config,
  nestsText: 'tied_as_whole',
  readsLayerConfig: true,
  toSpec,
  ignoredKeys: {
    ...visionKeys,
    audio_config: 'audio tower',
    audio_token_id: tokens,
    boa_token_id: tokens,
    eoa_token_id: tokens,
    eoa_token_index: tokens,
    boi_token_id: 'says which tokens stand for images',
    eoi_token_id: 'says which tokens stand for images',
    vision_soft_tokens_per_image: 'vision tower',
    use_double_wide_mlp: 'only matters where layers share keys and values',
    vocab_size_per_layer_input: 'only matters where layers have inputs of their own',
  },
  weights: inLanguageModel({
    ...gemmaLikeWeights,
    'layers.{i}.mixer.kv': `${inLayer}.self_attn.k_proj`,
    'layers.{i}.mixer.q.norm': `${inLayer}.self_attn.q_norm`,
    'layers.{i}.mixer.k.norm': `${inLayer}.self_attn.k_norm`,
    'layers.{i}.outputScale': `${inLayer}.layer_scalar`,
    'layers.{i}.ffn.router': `${inLayer}.router.proj`,
    'layers.{i}.ffn.router.norm.weight': `${inLayer}.router.scale`,
    'layers.{i}.ffn.expertScale': `${inLayer}.router.per_expert_scale`,
    ...expertWeights(`${inLayer}.experts`),
    'layers.{i}.ffn.expertsPreNorm': `${inLayer}.pre_feedforward_layernorm_2`,
    'layers.{i}.ffn.expertsPostNorm': `${inLayer}.post_feedforward_layernorm_2`,
    'layers.{i}.ffn.shared.gate': `${inLayer}.mlp.gate_proj`,
    'layers.{i}.ffn.shared.up': `${inLayer}.mlp.up_proj`,
    'layers.{i}.ffn.shared.down': `${inLayer}.mlp.down_proj`,
    'layers.{i}.ffn.sharedPreNorm': `${inLayer}.pre_feedforward_layernorm`,
    'layers.{i}.ffn.sharedPostNorm': `${inLayer}.post_feedforward_layernorm_1`,
  }),
  ignoredTensors: {
    'model.vision_tower.*': 'vision tower',
    'model.embed_vision.*': 'vision tower',
    'model.audio_tower.*': 'audio tower',
    'model.embed_audio.*': 'audio tower',
  },
});
