import { type AttentionOptions, type ModelSpec, type RopeSpec, uniformModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { layerCount, only, positive, positiveInt } from './config-values.ts';
import type { GgufTensors } from './define-gguf-model.ts';
import { checkGgufHeads, ggufHeadKeys, ggufHeadsOf } from './gguf-heads.ts';
import { ggufRopeKeys, ggufRopeOf } from './gguf-rope.ts';
import type { WeightNames } from './weight-names.ts';

/** Keys of the architectures that follow llama: pre-norms, rotary positions, gated networks. */
export const ggufLlamaLikeKeys = {
  block_count: layerCount,
  feed_forward_length: positiveInt,
  'attention.causal': only(true),
  'attention.layer_norm_rms_epsilon': positive,
  ...ggufHeadKeys,
  ...ggufRopeKeys,
};

/** Metadata of such a file, checked. */
export const ggufLlamaLikeMetadata = z.object(ggufLlamaLikeKeys).superRefine(checkGgufHeads);
type Metadata = z.infer<typeof ggufLlamaLikeMetadata>;

/** The specification of such a model; `attention` says what is special about its attention. */
export async function ggufLlamaLikeSpec(
  metadata: Metadata,
  tensors: GgufTensors,
  layout: RopeSpec['layout'],
  attention: Partial<AttentionOptions> = {},
): Promise<ModelSpec> {
  const heads = ggufHeadsOf(metadata);
  return uniformModelSpec({
    vocabSize: ggufVocabSize(tensors),
    hiddenDim: metadata.embedding_length,
    intermediateDim: metadata.feed_forward_length,
    numLayers: metadata.block_count,
    ...heads,
    ...ggufBiases(tensors),
    useBias: tensors.has('blk.0.ffn_up.bias'),
    rope: await ggufRopeOf(metadata, heads.headDim, layout, tensors),
    normEps: metadata['attention.layer_norm_rms_epsilon'],
    maxSeqLen: metadata.context_length,
    tieEmbeddings: !tensors.has('output.weight'),
    ...attention,
  });
}

export function ggufVocabSize(tensors: GgufTensors): number {
  const [vocabSize = 0] = tensors.shape('token_embd.weight');
  return vocabSize;
}

/** No key says which projections have biases: the tensors do. */
export function ggufBiases(tensors: GgufTensors) {
  return {
    useBiasQ: tensors.has('blk.0.attn_q.bias'),
    useBiasKv: tensors.has('blk.0.attn_k.bias'),
    useBiasO: tensors.has('blk.0.attn_output.bias'),
  };
}

/** Names of their tensors. */
export const ggufLlamaLikeWeights: WeightNames = {
  embedding: 'token_embd',
  'layers.{i}.preMixerNorm': 'blk.{i}.attn_norm',
  'layers.{i}.mixer.q': 'blk.{i}.attn_q',
  'layers.{i}.mixer.k': 'blk.{i}.attn_k',
  'layers.{i}.mixer.v': 'blk.{i}.attn_v',
  'layers.{i}.mixer.o': 'blk.{i}.attn_output',
  'layers.{i}.preFfnNorm': 'blk.{i}.ffn_norm',
  'layers.{i}.ffn.gate': 'blk.{i}.ffn_gate',
  'layers.{i}.ffn.up': 'blk.{i}.ffn_up',
  'layers.{i}.ffn.down': 'blk.{i}.ffn_down',
  finalNorm: 'output_norm',
  lmHead: 'output',
};

/** And of a norm over each head of q and k. */
export const ggufQkNormWeights: WeightNames = {
  'layers.{i}.mixer.q.norm': 'blk.{i}.attn_q_norm',
  'layers.{i}.mixer.k.norm': 'blk.{i}.attn_k_norm',
};
