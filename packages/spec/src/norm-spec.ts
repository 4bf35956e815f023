import { z } from 'zod';
import { positive } from './numbers.ts';

const normTypeSchema = z.enum(['layer_norm', 'rms_norm']);
export type NormType = z.infer<typeof normTypeSchema>;

/** A normalisation over the last dimension. */
export const normSpecSchema = z.strictObject({
  normType: normTypeSchema,
  /** Added to the mean square (RMS) or the variance (layer norm) before the root. */
  normEps: positive,
  useBias: z.boolean(),
});
export type NormSpec = z.infer<typeof normSpecSchema>;
