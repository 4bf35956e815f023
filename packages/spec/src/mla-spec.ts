import { z } from 'zod';
import { type NormSpec, normSpecSchema } from './norm-spec.ts';
import { positive, positiveInt } from './numbers.ts';
import { parseWith } from './parse.ts';
import { type RopeSpec, ropeSpecSchema } from './rope-spec.ts';

/** Where each token selects the tokens that its heads see (DeepSeek-V3.2), or sees those that an earlier layer selected. */
const selectionSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('own'),
    numHeads: positiveInt,
    headDim: positiveInt,
    /** Tokens that are selected. */
    topK: positiveInt,
    /** Which dimensions of the first `qkRopeHeadDim` make a pair; otherwise they turn as those of the heads do. */
    layout: z.enum(['half', 'interleaved']),
    /** Of the layer norm of keys. */
    normEps: positive,
  }),
  /** Those of the nearest layer before that selects for itself (arXiv:2603.12201). */
  z.strictObject({ kind: z.literal('shared'), topK: positiveInt }),
]);
export type SelectionSpec = z.infer<typeof selectionSchema>;

const mlaShape = {
  kind: z.literal('mla'),
  hiddenDim: positiveInt,
  numHeads: positiveInt,
  /** Width of the latent that queries are made of; null: they are projected from the input at once. */
  qLoraRank: positiveInt.nullable(),
  /** Width of the latent that keys and values are made of. */
  kvLoraRank: positiveInt,
  /** The first dimensions of each query and key, without positions. */
  qkNopeHeadDim: positiveInt,
  /** The dimensions after them, which turn; a key's are the same for all heads. */
  qkRopeHeadDim: positiveInt,
  vHeadDim: positiveInt,
  /** Multiplies q·k before the softmax. */
  scale: positive,
  /** Normalises the latents. */
  latentNorm: normSpecSchema,
  /** Biases on the projections to the latents and on that of the output. */
  useBias: z.boolean(),
  /** null: heads see all tokens. */
  selection: selectionSchema.nullable().default(null),
};

/** Multi-head latent attention (arXiv:2405.04434): keys and values of all heads are made of one small vector a token. */
export const mlaSpecSchema = z
  .strictObject({
    ...mlaShape,
    /** Name of a table in `ModelSpec.ropeTables`; null for a layer without rotary positions. */
    rope: z.string().nullable(),
  })
  .superRefine(checkMla);
export type MlaSpec = z.infer<typeof mlaSpecSchema>;

/** One that stands alone: its rotary table is inline. `modelSpec()` moves it into the model's tables. */
export const inlineMlaSpecSchema = z
  .strictObject({ ...mlaShape, rope: ropeSpecSchema.nullable() })
  .superRefine(checkMla);
export type InlineMlaSpec = z.infer<typeof inlineMlaSpecSchema>;

export interface MlaOptions {
  hiddenDim: number;
  numHeads: number;
  /** Default none. */
  qLoraRank?: number | null;
  kvLoraRank: number;
  qkNopeHeadDim: number;
  qkRopeHeadDim: number;
  vHeadDim: number;
  /** The base θ of the rotary frequencies; default 10000. */
  rotaryBase?: number;
  /** A whole rotary table instead of `rotaryBase`; null for no rotary positions. */
  rope?: RopeSpec | null;
  /** Default `(qkNopeHeadDim + qkRopeHeadDim) ** -0.5`. */
  scale?: number;
  /** Default: RMS with 1e-6. */
  latentNorm?: NormSpec;
  /** Default false. */
  useBias?: boolean;
  /** Default none. */
  selection?: SelectionSpec | null;
}

/** A latent attention that stands alone. @throws SpecError that names the field. */
export function mlaSpec({ rotaryBase = 10000, ...options }: MlaOptions): InlineMlaSpec {
  const { qkNopeHeadDim, qkRopeHeadDim } = options;
  const rope: RopeSpec = {
    ...{ theta: rotaryBase, rotaryDim: qkRopeHeadDim, layout: 'half', scaling: { kind: 'default' } },
  };
  return parseWith(inlineMlaSpecSchema, {
    kind: 'mla',
    qLoraRank: null,
    scale: (qkNopeHeadDim + qkRopeHeadDim) ** -0.5,
    latentNorm: { normType: 'rms_norm', normEps: 1e-6, useBias: false, weight: 'plain' },
    useBias: false,
    selection: null,
    rope,
    ...options,
  });
}

type Checked = Omit<MlaSpec, 'rope'>;

function checkMla(
  { qkNopeHeadDim, qkRopeHeadDim, vHeadDim, qLoraRank, selection }: Checked,
  context: z.RefinementCtx<Checked>,
): void {
  const fail = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  const keys = qkNopeHeadDim + qkRopeHeadDim;
  if (vHeadDim > keys) fail(['vHeadDim'], `is ${vHeadDim}, but keys are ${keys} wide`);
  if (selection?.kind !== 'own') return;
  if (qLoraRank === null) fail(['qLoraRank'], 'is null, but the queries of the selection are made of that latent');
  if (selection.headDim < qkRopeHeadDim)
    fail(['selection', 'headDim'], `is ${selection.headDim}, but ${qkRopeHeadDim} dimensions turn`);
}
