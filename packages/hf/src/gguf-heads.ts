import { z } from 'zod';
import { positiveInt } from './config-values.ts';
import type { Heads } from './heads.ts';

/** Keys of a GGUF file that say how attention is split into heads, without the architecture before them. */
export const ggufHeadKeys = {
  embedding_length: positiveInt,
  'attention.head_count': positiveInt,
  'attention.head_count_kv': positiveInt.optional(),
  'attention.key_length': positiveInt.optional(),
  'attention.value_length': positiveInt.optional(),
};

const headKeysSchema = z.object(ggufHeadKeys);
type HeadKeys = z.infer<typeof headKeysSchema>;

/** Missing KV heads are as many as the heads; a missing head dimension is an equal share of the hidden size. */
export function ggufHeadsOf(metadata: HeadKeys): Heads {
  const numHeads = metadata['attention.head_count'];
  return {
    numHeads,
    numKvHeads: metadata['attention.head_count_kv'] ?? numHeads,
    headDim: metadata['attention.key_length'] ?? metadata.embedding_length / numHeads,
  };
}

/** For a schema's `superRefine`: names the key that contradicts another. */
export function checkGgufHeads<T extends HeadKeys>(metadata: T, context: z.RefinementCtx<T>): void {
  const { numHeads, numKvHeads, headDim } = ggufHeadsOf(metadata);
  const valueLength = metadata['attention.value_length'] ?? headDim;
  const fail = (key: keyof HeadKeys, message: string) => context.addIssue({ code: 'custom', path: [key], message });
  if (!Number.isInteger(headDim)) {
    const hidden = metadata.embedding_length;
    fail(
      'embedding_length',
      `${hidden} is not divisible by attention.head_count ${numHeads}, and there is no key_length`,
    );
  } else if (valueLength !== headDim) {
    fail('attention.value_length', `is ${valueLength}, but keys have ${headDim}: they must be equal`);
  }
  if (numHeads % numKvHeads !== 0) {
    fail('attention.head_count_kv', `${numKvHeads} does not divide attention.head_count ${numHeads}`);
  }
}
