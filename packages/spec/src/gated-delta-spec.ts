import { z } from 'zod';
import { activationTypeSchema } from './ffn-spec.ts';
import { positive, positiveInt } from './numbers.ts';
import { parseWith } from './parse.ts';

/**
 * Linear attention by the gated delta rule (arXiv:2412.06464): a convolution over the last tokens, then a state of
 * `numHeads × headDim × keyDim` numbers that each token lets decay, and in which it replaces what its key finds by its value.
 */
export const gatedDeltaSpecSchema = z
  .strictObject({
    kind: z.literal('gated_delta'),
    hiddenDim: positiveInt,
    /** Heads of values, each with a state. */
    numHeads: positiveInt,
    /** Dimensions of a value. */
    headDim: positiveInt,
    /** Heads of queries and keys, each for as many neighbouring heads of values. */
    numKeyHeads: positiveInt,
    /** Dimensions of a query and a key, which have length one. */
    keyDim: positiveInt,
    /** Tokens that the convolution sees, the present one included. */
    convWidth: positiveInt.min(2),
    /** Applied to what the convolution gives. */
    activation: activationTypeSchema,
    /** Of the RMS norm of what each head gives, before it is gated. */
    normEps: positive,
  })
  .superRefine(({ numHeads, numKeyHeads }, context) => {
    if (numHeads % numKeyHeads !== 0)
      context.addIssue({
        code: 'custom',
        path: ['numKeyHeads'],
        message: `numHeads ${numHeads} is not divisible by numKeyHeads ${numKeyHeads}`,
      });
  });
export type GatedDeltaSpec = z.infer<typeof gatedDeltaSpecSchema>;

export interface GatedDeltaOptions {
  hiddenDim: number;
  numHeads: number;
  headDim: number;
  /** Default: as many as `numHeads`. */
  numKeyHeads?: number;
  /** Default: as many as `headDim`. */
  keyDim?: number;
  /** Default 4. */
  convWidth?: number;
  /** Default `silu`. */
  activation?: GatedDeltaSpec['activation'];
  /** Default 1e-6. */
  normEps?: number;
}

/** A recurrent mixer by the gated delta rule. @throws SpecError that names the field. */
export function gatedDeltaSpec(options: GatedDeltaOptions): GatedDeltaSpec {
  return parseWith(gatedDeltaSpecSchema, {
    kind: 'gated_delta',
    numKeyHeads: options.numHeads,
    keyDim: options.headDim,
    convWidth: 4,
    activation: 'silu',
    normEps: 1e-6,
    ...options,
  });
}
