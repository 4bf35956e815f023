import type { z } from 'zod';

/** Keys of a configuration that say how attention is split into heads. */
interface HeadKeys {
  hidden_size: number;
  num_attention_heads: number;
  num_key_value_heads?: number | null | undefined;
  head_dim?: number | null | undefined;
}

export interface Heads {
  numHeads: number;
  numKvHeads: number;
  headDim: number;
}

/** Missing KV heads are as many as the heads; a missing head dimension is an equal share of the hidden size. */
export function headsOf({ hidden_size, num_attention_heads, num_key_value_heads, head_dim }: HeadKeys): Heads {
  return {
    numHeads: num_attention_heads,
    numKvHeads: num_key_value_heads ?? num_attention_heads,
    headDim: head_dim ?? hidden_size / num_attention_heads,
  };
}

/** For a schema's `superRefine`: names the key that contradicts another. */
export function checkHeads<T extends HeadKeys>(config: T, context: z.RefinementCtx<T>): void {
  const { numHeads, numKvHeads, headDim } = headsOf(config);
  const fail = (key: keyof HeadKeys, message: string) => context.addIssue({ code: 'custom', path: [key], message });
  if (!Number.isInteger(headDim)) {
    fail(
      'hidden_size',
      `${config.hidden_size} is not divisible by num_attention_heads ${numHeads}, and there is no head_dim`,
    );
  } else if (headDim % 2 !== 0) {
    fail('head_dim', `${headDim} is odd, but rotary positions turn pairs of dimensions`);
  }
  if (numHeads % numKvHeads !== 0) {
    fail('num_key_value_heads', `${numKvHeads} does not divide num_attention_heads ${numHeads}`);
  }
}
