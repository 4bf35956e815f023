import { type Dtype, dtypes } from './dtype.ts';

/**
 * What rows of `length` numbers are held as where `wanted` is asked for: where its blocks do not divide them, a narrower
 * block of as many bits or more, else float32. Source: `tensor_type_fallback` in llama.cpp's `llama-quant.cpp`.
 */
export function dtypeForRows(wanted: Dtype, length: number): Dtype {
  const candidates: Dtype[] = wanted === 'q4_k' ? ['q4_k', 'q5_0'] : [wanted];
  return candidates.find((dtype) => length % dtypes[dtype].elements === 0) ?? 'float32';
}
