import { z } from 'zod';

/**
 * Storage types. Block types (ggml's names) hold `elements` values in `bytes` bytes; all others are one element each.
 * Source of the block layouts: ggml's `ggml-common.h`; of `bfloat8_b` and `bfloat4_b`, tt-metal's tech report on data formats.
 */
export const dtypes = {
  float64: { elements: 1, bytes: 8 },
  float32: { elements: 1, bytes: 4 },
  float16: { elements: 1, bytes: 2 },
  bfloat16: { elements: 1, bytes: 2 },
  float8_e4m3: { elements: 1, bytes: 1 },
  float8_e5m2: { elements: 1, bytes: 1 },
  // A power of two: how scales of blocks are stored.
  float8_e8m0: { elements: 1, bytes: 1 },
  int64: { elements: 1, bytes: 8 },
  int32: { elements: 1, bytes: 4 },
  int16: { elements: 1, bytes: 2 },
  int8: { elements: 1, bytes: 1 },
  uint8: { elements: 1, bytes: 1 },
  bool: { elements: 1, bytes: 1 },
  q4_0: { elements: 32, bytes: 18 },
  q4_1: { elements: 32, bytes: 20 },
  q5_0: { elements: 32, bytes: 22 },
  q5_1: { elements: 32, bytes: 24 },
  q8_0: { elements: 32, bytes: 34 },
  q2_k: { elements: 256, bytes: 84 },
  q3_k: { elements: 256, bytes: 110 },
  q4_k: { elements: 256, bytes: 144 },
  q5_k: { elements: 256, bytes: 176 },
  q6_k: { elements: 256, bytes: 210 },
  iq2_xxs: { elements: 256, bytes: 66 },
  iq2_xs: { elements: 256, bytes: 74 },
  iq2_s: { elements: 256, bytes: 82 },
  iq3_xxs: { elements: 256, bytes: 98 },
  iq3_s: { elements: 256, bytes: 110 },
  iq1_s: { elements: 256, bytes: 50 },
  iq1_m: { elements: 256, bytes: 56 },
  iq4_nl: { elements: 32, bytes: 18 },
  iq4_xs: { elements: 256, bytes: 136 },
  tq1_0: { elements: 256, bytes: 54 },
  tq2_0: { elements: 256, bytes: 66 },
  mxfp4: { elements: 32, bytes: 17 },
  // Tenstorrent's: 16 numbers share an exponent of 8 bits; each has a sign and 7 or 3 bits.
  bfloat8_b: { elements: 16, bytes: 17 },
  bfloat4_b: { elements: 16, bytes: 9 },
} as const;

export type Dtype = keyof typeof dtypes;
export const dtypeSchema = z.enum(Object.keys(dtypes) as [Dtype, ...Dtype[]]);

/** Bytes of a tensor of this shape whose last dimension is contiguous; NaN-free: the last dimension must be whole blocks. */
export function bytesOf(dtype: Dtype, shape: readonly number[]): number {
  const { elements, bytes } = dtypes[dtype];
  return (shape.reduce((product, dim) => product * dim, 1) / elements) * bytes;
}
