import { z } from 'zod';
import { kvCacheDtypeSchema, weightDtypeSchema } from './storage-dtypes.ts';

/** Storage by groups of what a decoder holds; a group that is absent is as `weightDtype` and `kvCacheDtype` say. */
export const precisionSchema = z.strictObject({
  /** Gate and up of feed-forward networks and of experts. */
  ff1_3: weightDtypeSchema.optional(),
  /** Their down projection. */
  ff2: weightDtypeSchema.optional(),
  /** What a mixer reads its input by: q, k and v. */
  wqkv: weightDtypeSchema.optional(),
  /** What it gives its result by. */
  wo: weightDtypeSchema.optional(),
  kv_cache: kvCacheDtypeSchema.optional(),
  /** What is computed in between. */
  activation: z.enum(['float32', 'bfloat16']).optional(),
});
export type Precision = z.infer<typeof precisionSchema>;

/** A choice that each backend makes for itself: the fastest that is still good, or the nearest to float32. */
export const precisionPresetSchema = z.enum(['performance', 'accuracy']);
export type PrecisionPreset = z.infer<typeof precisionPresetSchema>;
