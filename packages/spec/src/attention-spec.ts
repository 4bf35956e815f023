import { z } from 'zod';
import { SpecError } from './errors/spec-error.ts';
import { type NormSpec, normSpecSchema } from './norm-spec.ts';
import { positive, positiveInt } from './numbers.ts';
import { parseWith } from './parse.ts';
import { type RopeSpec, ropeSpecSchema } from './rope-spec.ts';

const attentionTypeSchema = z.enum(['multi_head', 'grouped_query', 'multi_query', 'sliding_window']);
export type AttentionType = z.infer<typeof attentionTypeSchema>;

/** Normalisation of queries and keys. */
const qkNormSchema = z
  .strictObject({
    norm: normSpecSchema,
    /**
     * `per_head`: over the dimensions of each head, all heads by the same weight. `per_head_weights`: each by its own
     * (Cohere). `full_width`: over all heads at once (OLMo 2).
     */
    scope: z.enum(['per_head', 'per_head_weights', 'full_width']),
    /** Whether rotary positions come after the norm or before it (Hunyuan). */
    order: z.enum(['before_rope', 'after_rope']).default('before_rope'),
  })
  .superRefine(({ norm, scope, order }, context) => {
    const fail = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (scope === 'full_width' && order === 'after_rope')
      fail(['order'], 'must be "before_rope": only single heads are normalised after they are turned');
    if (scope === 'per_head_weights' && norm.useBias)
      fail(['norm', 'useBias'], 'must be false: heads have weights of their own, but no biases');
    if (scope === 'per_head_weights' && norm.weight !== 'plain')
      fail(['norm', 'weight'], `is "${norm.weight}", but heads have weights of their own: "plain"`);
  });
export type QkNormSpec = z.infer<typeof qkNormSchema>;
/** `order` may be left out: `before_rope`. */
export type QkNormOptions = z.input<typeof qkNormSchema>;

const attentionShape = {
  kind: z.literal('attention'),
  hiddenDim: positiveInt,
  numHeads: positiveInt,
  numKvHeads: positiveInt,
  headDim: positiveInt,
  attentionType: attentionTypeSchema,
  /** Tokens a query sees, itself included; null sees all before it. */
  slidingWindowSize: positiveInt.nullable(),
  /** A query sees those before it in its own of the chunks of so many tokens that follow each other (Llama 4); null: one chunk. */
  chunkSize: positiveInt.nullable().default(null),
  /** Multiplies q·k before the softmax. */
  scale: positive,
  useBiasQ: z.boolean(),
  useBiasKv: z.boolean(),
  useBiasO: z.boolean(),
  qkNorm: qkNormSchema.nullable().default(null),
  /** Normalises the values of each head (Gemma 4). */
  vNorm: normSpecSchema.nullable().default(null),
  /** Values are what keys are before they are normalised and turned: they have no projection of their own (Gemma 4). */
  valuesAreKeys: z.boolean().default(false),
  /** Bounds each number of q, k and v to ± this (OLMo, DBRX). */
  clipQkv: positive.nullable().default(null),
  /** Bounds scaled products: `c · tanh(scale · q·k / c)` (Gemma 2). */
  softcap: positive.nullable().default(null),
  /** A learned logit for each head that takes part in the softmax and has no value (gpt-oss). */
  useSinks: z.boolean().default(false),
  /**
   * What the heads give is multiplied by the sigmoid of a projection of the input: each number by its own (AFMoE,
   * Qwen3-Next), or all of a head by one (Step 3.7); null: by none.
   */
  outputGate: z.enum(['per_number', 'per_head']).nullable().default(null),
  /** Normalises what all heads gave, gated, before the output projection (BitNet). */
  outputNorm: normSpecSchema.nullable().default(null),
  /** ALiBi (arXiv:2108.12409): for each head, what a product with a key gains from one position to the next; null: nothing. */
  alibiSlopes: z.array(positive).nullable().default(null),
  /**
   * Queries grow with their number i in the sequence, by `1 + strength · ln(1 + ⌊(i + 1) / interval⌋)` (arXiv:2501.19399);
   * null: they do not.
   */
  queryGrowth: z.strictObject({ interval: positiveInt, strength: positive }).nullable().default(null),
};

/** Softmax attention with a KV cache. */
export const attentionSpecSchema = z
  .strictObject({
    ...attentionShape,
    /** Name of a table in `ModelSpec.ropeTables`; null for a layer without rotary positions. */
    rope: z.string().nullable(),
  })
  .superRefine(checkAttention);
export type AttentionSpec = z.infer<typeof attentionSpecSchema>;

/** An attention that stands alone: its rotary table is inline. `modelSpec()` moves it into the model's tables. */
export const inlineAttentionSpecSchema = z
  .strictObject({ ...attentionShape, rope: ropeSpecSchema.nullable() })
  .superRefine(checkAttention);
export type InlineAttentionSpec = z.infer<typeof inlineAttentionSpecSchema>;

export interface AttentionOptions {
  hiddenDim: number;
  numHeads: number;
  /** Default: as many as `numHeads`, or one for `multi_query`. */
  numKvHeads?: number | null;
  /** Default: `hiddenDim / numHeads`. */
  headDim?: number | null;
  /** Default: what the head counts and the window say. When given it must agree with them. */
  attentionType?: AttentionType;
  /** Default true. */
  useRotary?: boolean;
  /** The base θ of the rotary frequencies; default 10000. */
  rotaryBase?: number;
  /** A whole rotary table instead of `rotaryBase`. */
  rope?: RopeSpec | null;
  slidingWindowSize?: number | null;
  /** Default none. */
  chunkSize?: number | null;
  /** Default `headDim ** -0.5`. */
  scale?: number;
  /** Default true, as in the seed. */
  useBiasQ?: boolean;
  /** Default true, as in the seed. */
  useBiasKv?: boolean;
  /** Default false, as in the seed. */
  useBiasO?: boolean;
  /** Default none. */
  qkNorm?: QkNormOptions | null;
  /** Default none. */
  vNorm?: NormSpec | null;
  /** Default false. */
  valuesAreKeys?: boolean;
  /** Default none. */
  clipQkv?: number | null;
  /** Default none. */
  softcap?: number | null;
  /** Default false. */
  useSinks?: boolean;
  /** Default none. */
  outputGate?: AttentionSpec['outputGate'];
  /** Default none. */
  outputNorm?: NormSpec | null;
  /** Default none; `alibiSlopes()` has those that most models take. */
  alibiSlopes?: number[] | null;
  /** Default none. */
  queryGrowth?: { interval: number; strength: number } | null;
}

/** An attention that stands alone, by the seed's names and defaults. @throws SpecError that names the field. */
export function attentionSpec(options: AttentionOptions): InlineAttentionSpec {
  const { hiddenDim, numHeads } = options;
  const numKvHeads = options.numKvHeads ?? (options.attentionType === 'multi_query' ? 1 : numHeads);
  const headDim = options.headDim ?? hiddenDim / numHeads;
  if (!Number.isInteger(headDim)) {
    throw new SpecError({
      path: 'headDim',
      message: `hiddenDim ${hiddenDim} is not divisible by numHeads ${numHeads}: give headDim`,
    });
  }
  const slidingWindowSize = options.slidingWindowSize ?? null;
  return parseWith(inlineAttentionSpecSchema, {
    kind: 'attention',
    hiddenDim,
    numHeads,
    numKvHeads,
    headDim,
    attentionType: options.attentionType ?? attentionTypeOf(numHeads, numKvHeads, slidingWindowSize),
    slidingWindowSize,
    chunkSize: options.chunkSize ?? null,
    scale: options.scale ?? headDim ** -0.5,
    useBiasQ: options.useBiasQ ?? true,
    useBiasKv: options.useBiasKv ?? true,
    useBiasO: options.useBiasO ?? false,
    qkNorm: options.qkNorm ?? null,
    vNorm: options.vNorm ?? null,
    valuesAreKeys: options.valuesAreKeys ?? false,
    clipQkv: options.clipQkv ?? null,
    softcap: options.softcap ?? null,
    useSinks: options.useSinks ?? false,
    outputGate: options.outputGate ?? null,
    outputNorm: options.outputNorm ?? null,
    alibiSlopes: options.alibiSlopes ?? null,
    queryGrowth: options.queryGrowth ?? null,
    rope: ropeOf(options, headDim),
  });
}

/** Numbers that gate what the heads give to one token. */
export function outputGateWidth({
  outputGate,
  numHeads,
  headDim,
}: Pick<AttentionSpec, 'outputGate' | 'numHeads' | 'headDim'>): number {
  if (outputGate === null) return 0;
  return outputGate === 'per_head' ? numHeads : numHeads * headDim;
}

/** The seed's name for these head counts and this window. */
export function attentionTypeOf(numHeads: number, numKvHeads: number, slidingWindowSize: number | null): AttentionType {
  if (slidingWindowSize !== null) return 'sliding_window';
  if (numKvHeads === numHeads) return 'multi_head';
  return numKvHeads === 1 ? 'multi_query' : 'grouped_query';
}

function ropeOf({ useRotary, rotaryBase, rope }: AttentionOptions, headDim: number): RopeSpec | null {
  if (useRotary === false) return null;
  if (rope !== undefined) return rope;
  return { theta: rotaryBase ?? 10000, rotaryDim: headDim, layout: 'half', scaling: { kind: 'default' } };
}

type Checked = Omit<AttentionSpec, 'rope'>;

function checkAttention(spec: Checked, context: z.RefinementCtx<Checked>): void {
  const fail = (path: keyof Checked, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  const { numHeads, numKvHeads, attentionType, slidingWindowSize, chunkSize, alibiSlopes } = spec;
  if (slidingWindowSize !== null && chunkSize !== null)
    fail('chunkSize', `must be null: there is a window of ${slidingWindowSize}`);
  if (alibiSlopes !== null && alibiSlopes.length !== numHeads)
    fail('alibiSlopes', `has ${alibiSlopes.length} slopes for ${numHeads} heads`);
  if (numHeads % numKvHeads !== 0)
    fail('numKvHeads', `numHeads ${numHeads} is not divisible by numKvHeads ${numKvHeads}`);
  const expected = attentionTypeOf(numHeads, numKvHeads, slidingWindowSize);
  if (attentionType !== expected) {
    const window = slidingWindowSize === null ? 'no window' : `a window of ${slidingWindowSize}`;
    fail(
      'attentionType',
      `is "${attentionType}", but ${numHeads} heads over ${numKvHeads} KV heads with ${window} is "${expected}"`,
    );
  }
}
