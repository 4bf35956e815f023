import { defineGgufModel } from '../define-gguf-model.ts';
import { ggufLlamaLikeMetadata, ggufLlamaLikeSpec, ggufLlamaLikeWeights } from '../gguf-llama-like.ts';

/** Qwen 2 and 2.5: llama's structure with biases on q, k and v, whose rows lie as in the original. */
export default defineGgufModel({
  architecture: 'qwen2',
  metadata: ggufLlamaLikeMetadata,
  toSpec: (metadata, tensors) => ggufLlamaLikeSpec(metadata, tensors, 'half'),
  ignoredKeys: {},
  weights: ggufLlamaLikeWeights,
  ignoredTensors: {},
});
