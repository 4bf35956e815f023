import type { Dtype } from '@tttv2/spec';

/** ggml's ids of storage types. Source: `enum ggml_type` in `ggml.h`. */
const types: Readonly<Record<number, Dtype>> = {
  0: 'float32',
  1: 'float16',
  2: 'q4_0',
  3: 'q4_1',
  6: 'q5_0',
  7: 'q5_1',
  8: 'q8_0',
  10: 'q2_k',
  11: 'q3_k',
  12: 'q4_k',
  13: 'q5_k',
  14: 'q6_k',
  16: 'iq2_xxs',
  17: 'iq2_xs',
  18: 'iq3_xxs',
  19: 'iq1_s',
  20: 'iq4_nl',
  21: 'iq3_s',
  22: 'iq2_s',
  23: 'iq4_xs',
  24: 'int8',
  25: 'int16',
  26: 'int32',
  27: 'int64',
  28: 'float64',
  29: 'iq1_m',
  30: 'bfloat16',
  34: 'tq1_0',
  35: 'tq2_0',
  39: 'mxfp4',
};

/** Types that ggml dropped, uses within operations only, or that are younger than our list. */
const otherNames: Readonly<Record<number, string>> = {
  4: 'Q4_2',
  5: 'Q4_3',
  9: 'Q8_1',
  15: 'Q8_K',
  31: 'Q4_0_4_4',
  32: 'Q4_0_4_8',
  33: 'Q4_0_8_8',
  36: 'IQ4_NL_4_4',
  37: 'IQ4_NL_4_8',
  38: 'IQ4_NL_8_8',
  40: 'NVFP4',
  41: 'Q1_0',
};

export function dtypeOfGgmlType(id: number): Dtype | undefined {
  return Object.hasOwn(types, id) ? types[id] : undefined;
}

/** What to call a type in a message. */
export function ggmlTypeName(id: number): string {
  return otherNames[id] ?? `number ${id}`;
}
