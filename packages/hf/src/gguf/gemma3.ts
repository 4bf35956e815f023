import { attentionSpec, ffnSpec, layerSpec, modelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { notOneOf, positive } from '../config-values.ts';
import { defineGgufModel } from '../define-gguf-model.ts';
import { checkGgufHeads, ggufHeadsOf } from '../gguf-heads.ts';
import {
  ggufBiases,
  ggufLlamaLikeKeys,
  ggufLlamaLikeWeights,
  ggufQkNormWeights,
  ggufVocabSize,
} from '../gguf-llama-like.ts';
import { ggufRopeOf } from '../gguf-rope.ts';

/** Keys and defaults: `llama_model_gemma3::load_arch_hparams` of llama.cpp. */
const metadata = z
  .object({
    ...ggufLlamaLikeKeys,
    /** 0 or missing: every layer sees all tokens. */
    'attention.sliding_window': z.number().int().nonnegative().default(0),
    /** Every so many layers one sees all tokens; or for each layer whether it has a window. */
    'attention.sliding_window_pattern': z
      .union([z.number().int().nonnegative(), z.array(z.union([z.boolean(), z.number()]))])
      .default(6),
    'rope.freq_base_swa': positive.default(10000),
    final_logit_softcapping: z.number().default(0).superRefine(refuseSoftcap),
  })
  .superRefine(checkGgufHeads)
  .superRefine(({ block_count, 'attention.sliding_window_pattern': pattern }, context) => {
    if (typeof pattern === 'number' || pattern.length === block_count) return;
    const message = `has ${pattern.length} entries, but block_count is ${block_count}`;
    context.addIssue({ code: 'custom', path: ['attention.sliding_window_pattern'], message });
  });
type Metadata = z.infer<typeof metadata>;

/**
 * Gemma 3's text model: norms before and after each sublayer, one over each head of q and k, and two rotary tables, for
 * windows and for all. The converter adds the 1 to the weights of norms, and leaves the rows of q and k.
 */
export default defineGgufModel({
  architecture: 'gemma3',
  metadata,
  async toSpec(metadata, tensors) {
    const { embedding_length: hiddenDim, 'attention.layer_norm_rms_epsilon': normEps } = metadata;
    const heads = ggufHeadsOf(metadata);
    const full = await ggufRopeOf(metadata, heads.headDim, 'half', tensors);
    const sliding = { ...full, theta: metadata['rope.freq_base_swa'], scaling: { kind: 'default' } as const };
    const norm = { normType: 'rms_norm', normEps, useBias: false, weight: 'plain' } as const;
    const ffn = ffnSpec({ hiddenDim, intermediateDim: metadata.feed_forward_length, activation: 'gelu_tanh' });
    const layers = windowsOf(metadata).map((slidingWindowSize) =>
      layerSpec({
        attention: attentionSpec({
          hiddenDim,
          ...heads,
          ...ggufBiases(tensors),
          scale: scaleOf(metadata),
          qkNorm: { norm, scope: 'per_head' },
          rope: slidingWindowSize === null ? full : sliding,
          slidingWindowSize,
        }),
        ffn,
        normEps,
        postNorm: true,
      }),
    );
    return modelSpec({
      vocabSize: ggufVocabSize(tensors),
      hiddenDim,
      layers,
      maxSeqLen: metadata.context_length,
      embeddingScale: Math.sqrt(hiddenDim),
      tieEmbeddings: !tensors.has('output.weight'),
    });
  },
  ignoredKeys: {},
  weights: {
    ...ggufLlamaLikeWeights,
    ...ggufQkNormWeights,
    'layers.{i}.postMixerNorm': 'blk.{i}.post_attention_norm',
    'layers.{i}.postFfnNorm': 'blk.{i}.post_ffw_norm',
  },
  ignoredTensors: {},
});

/** The window of each layer, null for all tokens. */
function windowsOf(metadata: Metadata): (number | null)[] {
  const { 'attention.sliding_window': window, 'attention.sliding_window_pattern': pattern } = metadata;
  const slides = (layer: number): boolean => {
    if (window === 0) return false;
    return typeof pattern === 'number' ? pattern === 0 || (layer + 1) % pattern !== 0 : Boolean(pattern[layer]);
  };
  return Array.from({ length: metadata.block_count }, (_, layer) => (slides(layer) ? window : null));
}

/** No key says it: llama.cpp knows the model of 27B, whose `query_pre_attn_scalar` is another, by its number of layers. */
function scaleOf(metadata: Metadata): number {
  const { numHeads, headDim } = ggufHeadsOf(metadata);
  const scalar = metadata.block_count === 62 ? metadata.embedding_length / numHeads : headDim;
  return scalar ** -0.5;
}

function refuseSoftcap(cap: number, context: z.RefinementCtx<number>): void {
  if (cap !== 0) context.addIssue(notOneOf(cap, ['0 (none)']));
}
