import { z } from 'zod';
import { activationTypeSchema } from './ffn-spec.ts';
import { positive, positiveInt } from './numbers.ts';
import { parseWith } from './parse.ts';

/**
 * State space duality, the recurrent mixer of Mamba 2 (arXiv:2405.21060): a convolution over the last tokens, then a state of
 * `numHeads × headDim × stateDim` numbers that each token lets decay and adds to.
 */
export const ssdSpecSchema = z
  .strictObject({
    kind: z.literal('ssd'),
    hiddenDim: positiveInt,
    numHeads: positiveInt,
    headDim: positiveInt,
    /** Numbers that a head keeps for each of its dimensions. */
    stateDim: positiveInt,
    /** Groups of heads that share what is written to the state and read from it (B and C). */
    numGroups: positiveInt,
    /** Tokens that the convolution sees, the present one included. */
    convWidth: positiveInt.min(2),
    useBiasConv: z.boolean(),
    /** Biases of the projections in and out. */
    useBias: z.boolean(),
    /** Applied to what the convolution gives. */
    activation: activationTypeSchema,
    /** Of the norm of the gated result: an RMS norm. */
    normEps: positive,
    /** Parts of the result that are normalised each by itself. */
    normGroups: positiveInt,
    /** Bounds of the time steps; null where there is none. */
    minTimeStep: positive.nullable(),
    maxTimeStep: positive.nullable(),
  })
  .superRefine(({ numHeads, headDim, numGroups, normGroups, minTimeStep, maxTimeStep }, context) => {
    const fail = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (numHeads % numGroups !== 0)
      fail('numGroups', `numHeads ${numHeads} is not divisible by numGroups ${numGroups}`);
    if ((numHeads * headDim) % normGroups !== 0)
      fail('normGroups', `${numHeads} heads of ${headDim} are not divisible by normGroups ${normGroups}`);
    if (minTimeStep !== null && maxTimeStep !== null && minTimeStep > maxTimeStep)
      fail('minTimeStep', `is ${minTimeStep}, above maxTimeStep ${maxTimeStep}`);
  });
export type SsdSpec = z.infer<typeof ssdSpecSchema>;

export interface SsdOptions {
  hiddenDim: number;
  numHeads: number;
  headDim: number;
  stateDim: number;
  /** Default 1. */
  numGroups?: number;
  /** Default 4. */
  convWidth?: number;
  /** Default true. */
  useBiasConv?: boolean;
  /** Default false. */
  useBias?: boolean;
  /** Default `silu`. */
  activation?: SsdSpec['activation'];
  /** Default 1e-5. */
  normEps?: number;
  /** Default: `numGroups`, as in transformers. */
  normGroups?: number;
  /** Default none. */
  minTimeStep?: number | null;
  /** Default none. */
  maxTimeStep?: number | null;
}

/** A recurrent mixer by state space duality. @throws SpecError that names the field. */
export function ssdSpec({ numGroups = 1, ...options }: SsdOptions): SsdSpec {
  return parseWith(ssdSpecSchema, {
    kind: 'ssd',
    numGroups,
    convWidth: 4,
    useBiasConv: true,
    useBias: false,
    activation: 'silu',
    normEps: 1e-5,
    normGroups: numGroups,
    minTimeStep: null,
    maxTimeStep: null,
    ...options,
  });
}

/** Widths within the mixer. */
export interface SsdWidths {
  /** All heads: what is gated, scanned and projected out. */
  inner: number;
  /** What B, and what C, has of all groups. */
  shared: number;
  /** What the convolution goes over: the heads, B and C. */
  conv: number;
  /** What the projection in gives: the gate, what is convolved, and a time step a head. */
  projected: number;
}

export function ssdWidths({ numHeads, headDim, numGroups, stateDim }: SsdSpec): SsdWidths {
  const inner = numHeads * headDim;
  const shared = numGroups * stateDim;
  const conv = inner + 2 * shared;
  return { inner, shared, conv, projected: inner + conv + numHeads };
}
