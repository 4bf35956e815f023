import { z } from 'zod';
import { notOneOf } from '../config-values.ts';
import { defineGgufModel } from '../define-gguf-model.ts';
import { checkGgufHeads } from '../gguf-heads.ts';
import { ggufLlamaLikeKeys, ggufLlamaLikeSpec, ggufLlamaLikeWeights } from '../gguf-llama-like.ts';

/** Keys and defaults: llama.cpp's `llama-arch.cpp` and `llama-model.cpp`. */
const metadata = z
  .object({
    ...ggufLlamaLikeKeys,
    // Mixtral is a "llama" with experts.
    expert_count: z.number().default(0).superRefine(refuseExperts),
  })
  .superRefine(checkGgufHeads);

/**
 * Llama 1 to 3 and their like, as llama.cpp stores them: its converter permutes the rows of q and k so that neighbours
 * make a pair.
 */
export default defineGgufModel({
  architecture: 'llama',
  metadata,
  toSpec: (metadata, tensors) => ggufLlamaLikeSpec(metadata, tensors, 'interleaved'),
  ignoredKeys: { expert_used_count: 'there are no experts' },
  weights: ggufLlamaLikeWeights,
  ignoredTensors: { 'rope_freqs.weight': 'is part of the rotary table' },
});

function refuseExperts(count: number, context: z.RefinementCtx<number>): void {
  if (count > 0) context.addIssue(notOneOf(count, ['0 (a dense feed-forward network)']));
}
