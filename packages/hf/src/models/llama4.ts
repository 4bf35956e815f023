import { attentionSpec, ffnSpec, layerSpec, type ModelSpec, modelSpec, moeSpec, type RopeSpec } from '@tttv2/spec';
import { z } from 'zod';
import { activationNames } from '../activation-names.ts';
import { layerCount, oneOf, positive, positiveInt } from '../config-values.ts';
import { defineModel } from '../define-model.ts';
import { checkTopK } from '../experts.ts';
import { checkHeads, headsOf } from '../heads.ts';
import { inLanguageModel } from '../in-language-model.ts';
import { llamaLikeAttentionWeights } from '../llama-like.ts';
import { ropeKeys, ropeOf } from '../rope-config.ts';
import { fusedWeights } from '../weight-names.ts';

const layerTypes = { chunked_attention: 'chunked', full_attention: 'full' } as const;

/** Defaults: `Llama4TextConfig` of transformers 5.24. */
const config = z
  .object({
    vocab_size: positiveInt.default(202048),
    hidden_size: positiveInt.default(5120),
    /** Of experts. */
    intermediate_size: positiveInt.default(8192),
    /** Of layers without experts. */
    intermediate_size_mlp: positiveInt.default(16384),
    num_hidden_layers: layerCount.default(48),
    num_attention_heads: positiveInt.default(40),
    num_key_value_heads: positiveInt.nullable().default(8),
    head_dim: positiveInt.nullable().default(128),
    hidden_act: oneOf(activationNames).default('silu'),
    max_position_embeddings: positiveInt.default(4096 * 32),
    rms_norm_eps: positive.default(1e-5),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    num_experts_per_tok: positiveInt.default(1),
    num_local_experts: positiveInt.default(16),
    /** Every so many layers one has experts, where no list says which. */
    interleave_moe_layer_step: positiveInt.default(1),
    moe_layers: z.array(z.number().int().nonnegative()).nullish(),
    use_qk_norm: z.boolean().default(true),
    /** Every so many layers one has no rotary positions, where no list says which: it has 0 for them. */
    no_rope_layer_interval: positiveInt.default(4),
    no_rope_layers: z.array(z.union([z.literal(0), z.literal(1)])).nullish(),
    attention_chunk_size: positiveInt.nullable().default(8192),
    layer_types: z.array(oneOf(layerTypes)).nullish(),
    attn_temperature_tuning: z
      .preprocess((found) => (typeof found === 'number' ? found !== 0 : found), z.boolean())
      .default(true),
    floor_scale: positiveInt.default(8192),
    attn_scale: positive.default(0.1),
    ...ropeKeys,
  })
  .superRefine((found, context) => {
    checkHeads(found, context);
    checkTopK(found, ['num_experts_per_tok', 'num_local_experts'], context);
    checkLayers(found, context);
  });
type Config = z.infer<typeof config>;

interface LayerKeys {
  num_hidden_layers: number;
  layer_types?: readonly ('chunked' | 'full')[] | null | undefined;
  no_rope_layers?: readonly number[] | null | undefined;
  attention_chunk_size: number | null;
}

function checkLayers<T extends LayerKeys>(found: T, context: z.RefinementCtx<T>): void {
  const { num_hidden_layers: layers, layer_types: types, no_rope_layers: turned } = found;
  const fail = (key: keyof LayerKeys, message: string) => context.addIssue({ code: 'custom', path: [key], message });
  if (types && types.length !== layers)
    fail('layer_types', `has ${types.length} entries, but num_hidden_layers is ${layers}`);
  if (turned && turned.length > 0 && turned.length < layers)
    fail('no_rope_layers', `has ${turned.length} entries, but num_hidden_layers is ${layers}`);
  if (types?.includes('chunked') && found.attention_chunk_size === null)
    fail('attention_chunk_size', 'there is none, but layer_types has chunked_attention');
}

/** Which layers turn their heads: those see a chunk each, where no list says otherwise. */
function turns({ no_rope_layers: list, no_rope_layer_interval: interval }: Config, layer: number): boolean {
  return list && list.length > 0 ? list[layer] === 1 : (layer + 1) % interval !== 0;
}

function attentionOf(config: Config, rope: RopeSpec, layer: number) {
  const { attention_bias: useBias, layer_types: types, attn_temperature_tuning: isTuned } = config;
  const isTurned = turns(config, layer);
  const isChunked = types ? types[layer] === 'chunked' : isTurned;
  const norm = { normType: 'rms_norm', normEps: config.rms_norm_eps, useBias: false, weight: 'none' } as const;
  return attentionSpec({
    ...{ hiddenDim: config.hidden_size, ...headsOf(config) },
    ...{ useBiasQ: useBias, useBiasKv: useBias, useBiasO: useBias },
    rope: isTurned ? rope : null,
    chunkSize: isChunked ? config.attention_chunk_size : null,
    qkNorm: config.use_qk_norm && isTurned ? { norm, scope: 'per_head', order: 'after_rope' } : null,
    queryGrowth: isTuned && !isTurned ? { interval: config.floor_scale, strength: config.attn_scale } : null,
  });
}

function toSpec(config: Config): ModelSpec {
  const { hidden_size: hiddenDim, hidden_act: activation, intermediate_size: intermediateDim } = config;
  const rope: RopeSpec = { ...ropeOf(config, headsOf(config).headDim, 500_000), layout: 'interleaved' };
  const dense = ffnSpec({ hiddenDim, activation, intermediateDim: config.intermediate_size_mlp });
  const experts = moeSpec({
    ...{ hiddenDim, activation, intermediateDim },
    numExperts: config.num_local_experts,
    topK: config.num_experts_per_tok,
    router: { score: 'sigmoid', order: 'topk_then_score', normalize: false, scored: 'inputs' },
    shared: { ffn: ffnSpec({ hiddenDim, activation, intermediateDim }) },
  });
  const hasExperts = (layer: number) =>
    config.moe_layers?.includes(layer) ?? (layer + 1) % config.interleave_moe_layer_step === 0;
  const layers = Array.from({ length: config.num_hidden_layers }, (_, layer) =>
    layerSpec({
      attention: attentionOf(config, rope, layer),
      ffn: hasExperts(layer) ? experts : dense,
      normEps: config.rms_norm_eps,
    }),
  );
  return modelSpec({
    ...{ vocabSize: config.vocab_size, hiddenDim, layers, tieEmbeddings: config.tie_word_embeddings },
    maxSeqLen: rope.scaling.kind === 'dynamic' ? null : config.max_position_embeddings,
  });
}

const network = 'model.layers.{i}.feed_forward';
const ours = 'layers.{i}.ffn';
const tokens = 'says which tokens stand for images';

/**
 * Llama 4: attention within chunks, every fourth layer over all tokens and without positions; experts whose input is
 * multiplied by their score, beside one that all tokens share.
 */
export default defineModel({
  modelType: 'llama4',
  textModelType: 'llama4_text',
  config,
  nestsText: 'tied_as_either',
  toSpec,
  ignoredKeys: {
    vision_config: 'vision tower',
    boi_token_index: tokens,
    eoi_token_index: tokens,
    image_token_index: tokens,
    for_llm_compressor: 'says how the weights were packed',
    output_router_logits: 'an output of training',
    router_aux_loss_coef: 'a loss of training',
    router_jitter_noise: 'noise of training',
  },
  weights: inLanguageModel(
    {
      ...llamaLikeAttentionWeights,
      [`${ours}.gate`]: `${network}.gate_proj`,
      [`${ours}.up`]: `${network}.up_proj`,
      [`${ours}.down`]: `${network}.down_proj`,
      [`${ours}.router`]: `${network}.router`,
      ...fusedWeights({
        tensor: `${network}.experts.gate_up_proj`,
        part: { of: [`${ours}.experts.gate.weight`, `${ours}.experts.up.weight`] },
        isTransposed: true,
      }),
      [`${ours}.experts.down.weight`]: { tensor: `${network}.experts.down_proj`, isTransposed: true },
      [`${ours}.shared.gate`]: `${network}.shared_expert.gate_proj`,
      [`${ours}.shared.up`]: `${network}.shared_expert.up_proj`,
      [`${ours}.shared.down`]: `${network}.shared_expert.down_proj`,
    },
    (name) => `language_model.${name}`,
  ),
  ignoredTensors: { 'vision_model.*': 'vision tower', 'multi_modal_projector.*': 'vision tower' },
});
