import { defineGgufModel } from '../define-gguf-model.ts';
import {
  ggufLlamaLikeMetadata,
  ggufLlamaLikeSpec,
  ggufLlamaLikeWeights,
  ggufQkNormWeights,
} from '../gguf-llama-like.ts';

/** Qwen 3: llama's structure with a norm over each head of q and k, whose rows lie as in the original. */
export default defineGgufModel({
  architecture: 'qwen3',
  metadata: ggufLlamaLikeMetadata,
  toSpec(metadata, tensors) {
    const normEps = metadata['attention.layer_norm_rms_epsilon'];
    const norm = { normType: 'rms_norm', normEps, useBias: false, weight: 'plain' } as const;
    return ggufLlamaLikeSpec(metadata, tensors, 'half', { qkNorm: { norm, scope: 'per_head' } });
  },
  ignoredKeys: {},
  weights: { ...ggufLlamaLikeWeights, ...ggufQkNormWeights },
  ignoredTensors: {},
});
