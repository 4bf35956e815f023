import { z } from 'zod';

export const kvCacheDtypeSchema = z.enum(['float32', 'float16', 'bfloat16', 'q8_0', 'q4_0', 'bfloat8_b', 'bfloat4_b']);
export type KvCacheDtype = z.infer<typeof kvCacheDtypeSchema>;

export const weightDtypeSchema = z.enum([
  'float32',
  'float16',
  'bfloat16',
  'int8',
  'int4',
  'q4_k',
  'bfloat8_b',
  'bfloat4_b',
]);
export type WeightDtype = z.infer<typeof weightDtypeSchema>;
