import type { Dtype } from '@tttv2/spec';

/** Numbers of ggml's `enum ggml_type` (ggml.h) for the storage types that it can compute with. */
export const ggmlTypes = {
  float32: 0,
  float16: 1,
  q4_0: 2,
  q4_1: 3,
  q5_0: 6,
  q5_1: 7,
  q8_0: 8,
  q2_k: 10,
  q3_k: 11,
  q4_k: 12,
  q5_k: 13,
  q6_k: 14,
  iq2_xxs: 16,
  iq2_xs: 17,
  iq3_xxs: 18,
  iq1_s: 19,
  iq4_nl: 20,
  iq3_s: 21,
  iq2_s: 22,
  iq4_xs: 23,
  iq1_m: 29,
  bfloat16: 30,
  tq1_0: 34,
  tq2_0: 35,
  mxfp4: 39,
} as const satisfies Partial<Record<Dtype, number>>;

export type GgmlDtype = keyof typeof ggmlTypes;

export function isGgmlDtype(dtype: Dtype): dtype is GgmlDtype {
  return Object.hasOwn(ggmlTypes, dtype);
}

/** Types that are only made with an importance matrix: ggml aborts when it is asked to convert to them. */
const readOnly: readonly Dtype[] = ['iq1_s', 'iq1_m', 'iq2_xxs', 'iq2_xs', 'iq2_s', 'iq3_xxs', 'iq3_s'];

/** True when ggml can turn float32 into this type. */
export function canConvertTo(dtype: GgmlDtype): boolean {
  return !readOnly.includes(dtype);
}

export const int32Type = 26;
export const int64Type = 27;
