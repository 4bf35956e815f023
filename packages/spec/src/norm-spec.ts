import { z } from 'zod';
import { positive } from './numbers.ts';

const normTypeSchema = z.enum(['layer_norm', 'rms_norm']);
export type NormType = z.infer<typeof normTypeSchema>;

/** A normalisation over the last dimension. */
export const normSpecSchema = z
  .strictObject({
    normType: normTypeSchema,
    /** Added to the mean square (RMS) or the variance (layer norm) before the root. */
    normEps: positive,
    useBias: z.boolean(),
    /** What multiplies a normalised row: the weight as it is stored, one more (Gemma), or nothing (OLMo). */
    weight: z.enum(['plain', 'one_plus', 'none']).default('plain'),
  })
  .refine(({ weight, useBias }) => weight !== 'none' || !useBias, {
    path: ['useBias'],
    message: 'must be false: a norm without a weight has no bias either',
  });
export type NormSpec = z.infer<typeof normSpecSchema>;
