import { attentionSpec, ffnSpec, layerSpec, modelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { layerCount, positive, positiveInt } from '../config-values.ts';
import { defineGgufModel } from '../define-gguf-model.ts';
import { checkGgufHeads, ggufHeadKeys, ggufHeadsOf } from '../gguf-heads.ts';
import { ggufLlamaLikeWeights, ggufVocabSize } from '../gguf-llama-like.ts';
import { fusedWeights } from '../weight-names.ts';

/** Keys: `llama_model_gpt2::load_arch_hparams` of llama.cpp. */
const metadata = z
  .object({
    block_count: layerCount,
    context_length: positiveInt,
    feed_forward_length: positiveInt,
    'attention.layer_norm_epsilon': positive,
    ...ggufHeadKeys,
  })
  .superRefine(checkGgufHeads);

/** Layer norms, learned positions, biases everywhere and networks without a gate; q, k and v lie in one matrix. */
export default defineGgufModel({
  architecture: 'gpt2',
  metadata,
  async toSpec(metadata, tensors) {
    const { embedding_length: hiddenDim } = metadata;
    const layer = layerSpec({
      attention: attentionSpec({ hiddenDim, ...ggufHeadsOf(metadata), useRotary: false, useBiasO: true }),
      ffn: ffnSpec({
        hiddenDim,
        intermediateDim: metadata.feed_forward_length,
        activation: 'gelu_tanh',
        useGate: false,
        useBias: true,
      }),
      normType: 'layer_norm',
      normEps: metadata['attention.layer_norm_epsilon'],
    });
    return modelSpec({
      vocabSize: ggufVocabSize(tensors),
      hiddenDim,
      layers: Array.from({ length: metadata.block_count }, () => layer),
      learnedPositions: { size: metadata.context_length },
      tieEmbeddings: !tensors.has('output.weight'),
    });
  },
  ignoredKeys: {},
  weights: {
    ...ggufLlamaLikeWeights,
    positions: 'position_embd',
    ...fusedWeights({
      tensor: 'blk.{i}.attn_qkv',
      part: { of: ['layers.{i}.mixer.q', 'layers.{i}.mixer.k', 'layers.{i}.mixer.v'] },
    }),
  },
  ignoredTensors: {},
});
