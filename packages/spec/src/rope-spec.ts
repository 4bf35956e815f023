import { z } from 'zod';
import { positive, positiveInt } from './numbers.ts';

/**
 * How the rotary frequencies θ^(-2i/d) are changed to reach beyond the trained context. The formulas are those of
 * Hugging Face's `modeling_rope_utils.py`; `@tttv2/graph` evaluates them in `rope-frequencies.ts`.
 */
export const ropeScalingSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('default') }),
  z.strictObject({ kind: z.literal('linear'), factor: positive }),
  /** NTK by length: the base grows with the longest position of the call once it exceeds `originalMaxSeqLen`. */
  z.strictObject({ kind: z.literal('dynamic'), factor: positive, originalMaxSeqLen: positiveInt }),
  z.strictObject({
    kind: z.literal('llama3'),
    factor: positive,
    lowFreqFactor: positive,
    highFreqFactor: positive,
    originalMaxSeqLen: positiveInt,
  }),
  z.strictObject({
    kind: z.literal('yarn'),
    factor: positive,
    originalMaxSeqLen: positiveInt,
    betaFast: positive,
    betaSlow: positive,
    /** Whether the correction range is rounded to whole dimensions. */
    truncate: z.boolean(),
    /** Multiplies cosine and sine. */
    attentionFactor: positive,
  }),
  /** One divisor a frequency, given by the checkpoint itself (GGUF's `rope_freqs.weight`, or LongRoPE resolved to a length). */
  z.strictObject({ kind: z.literal('factors'), factors: z.array(positive), attentionFactor: positive }),
  /** LongRoPE: `longFactors` for the whole call once its longest position exceeds `originalMaxSeqLen`. */
  z.strictObject({
    kind: z.literal('longrope'),
    shortFactors: z.array(positive),
    longFactors: z.array(positive),
    originalMaxSeqLen: positiveInt,
    attentionFactor: positive,
  }),
]);
export type RopeScaling = z.infer<typeof ropeScalingSchema>;

/** Positions of three axes (time, height, width), each turning some pairs of dimensions (Qwen2-VL, arXiv:2409.12191). */
const mropeSchema = z.strictObject({
  /** Pairs of each axis; together all of them. */
  sections: z.tuple([positiveInt, positiveInt, positiveInt]),
  /** False: the axes follow each other. True: they take turns for as long as one has pairs left; time has the rest. */
  isInterleaved: z.boolean(),
});
export type MropeSpec = z.infer<typeof mropeSchema>;

const baseRopeSchema = z.strictObject({
  /** The base θ (the seed's `rotary_base`). */
  theta: positive,
  /** Dimensions of a head that are rotated: the first ones; even. */
  rotaryDim: positiveInt.refine((dim) => dim % 2 === 0, { message: 'rotates pairs of dimensions, so it is even' }),
  /** Which dimensions make a pair: `half` pairs i with i + d/2 (Hugging Face), `interleaved` 2i with 2i + 1. */
  layout: z.enum(['half', 'interleaved']),
  scaling: ropeScalingSchema,
  /** Absent: positions of one axis. */
  mrope: mropeSchema.optional(),
});

/** A table of rotary frequencies. */
export const ropeSpecSchema = baseRopeSchema.superRefine(checkRope);
export type RopeSpec = z.infer<typeof baseRopeSchema>;

function checkRope({ rotaryDim, scaling, mrope }: RopeSpec, context: z.RefinementCtx<RopeSpec>): void {
  const fail = (message: string) => context.addIssue({ code: 'custom', path: ['scaling'], message });
  const pairs = mrope?.sections.reduce((sum, section) => sum + section) ?? rotaryDim / 2;
  if (pairs !== rotaryDim / 2)
    context.addIssue({
      code: 'custom',
      path: ['mrope', 'sections'],
      message: `sum up to ${pairs}, but there are ${rotaryDim / 2} pairs of dimensions`,
    });
  for (const factors of factorLists(scaling)) {
    if (factors.length !== rotaryDim / 2)
      fail(`has ${factors.length} factors for ${rotaryDim / 2} pairs of dimensions`);
  }
  if (scaling.kind === 'dynamic' && rotaryDim === 2)
    fail('cannot be dynamic for one pair of dimensions: its formula divides by rotaryDim - 2');
}

/** Divisors come one for each pair of rotated dimensions. */
function factorLists(scaling: RopeScaling): number[][] {
  if (scaling.kind === 'factors') return [scaling.factors];
  return scaling.kind === 'longrope' ? [scaling.shortFactors, scaling.longFactors] : [];
}

/** True when the frequencies depend on the longest position of a call. */
export function isLengthDependent(rope: RopeSpec): boolean {
  return rope.scaling.kind === 'dynamic' || rope.scaling.kind === 'longrope';
}

/** Axes of the positions that a table turns by. */
export function positionAxesOf({ mrope }: Pick<RopeSpec, 'mrope'>): 1 | 3 {
  return mrope === undefined ? 1 : 3;
}

/** The axis whose position turns a pair of dimensions: 0 time, 1 height, 2 width. */
export function axisOfPair({ mrope }: Pick<RopeSpec, 'mrope'>, pair: number): number {
  if (mrope === undefined) return 0;
  const [time, height] = mrope.sections;
  if (!mrope.isInterleaved) return pair < time ? 0 : pair < time + height ? 1 : 2;
  const axis = pair % 3;
  return pair < 3 * (mrope.sections[axis] ?? 0) ? axis : 0;
}
