import { z } from 'zod';
import { type NormSpec, normSpecSchema } from './norm-spec.ts';
import { positive, positiveInt } from './numbers.ts';
import { parseWith } from './parse.ts';

/**
 * `gelu` is the exact form by erf, `gelu_tanh` its tanh approximation, `quick_gelu` that by a sigmoid; `relu2` is the square
 * of `relu`, `swish` the seed's second name of `silu`.
 */
export const activationTypeSchema = z.enum([
  ...(['silu', 'gelu', 'gelu_tanh', 'quick_gelu', 'relu', 'relu2', 'sigmoid', 'tanh'] as const),
]);
export type ActivationType = z.infer<typeof activationTypeSchema>;

/** What may happen to gate and up before they are multiplied (gpt-oss). */
export const gatingShape = {
  /** Bounds the gate from above, and up both ways; null where nothing is bounded. */
  innerLimit: positive.nullable().default(null),
  /** Added to up after that. */
  upOffset: z.number().default(0),
};

/** A dense feed-forward network: `down(norm(act(gate x) · up x))` when gated, else `down(norm(act(up x)))`. */
export const ffnSpecSchema = z
  .strictObject({
    kind: z.literal('dense'),
    hiddenDim: positiveInt,
    intermediateDim: positiveInt,
    activation: activationTypeSchema,
    /** Gated (SwiGLU and its kin). */
    useGate: z.boolean(),
    /** Biases on every projection. */
    useBias: z.boolean(),
    /** Normalises the inner values (BitNet). */
    innerNorm: normSpecSchema.nullable().default(null),
    ...gatingShape,
  })
  .superRefine(checkGating);
export type FfnSpec = z.infer<typeof ffnSpecSchema>;

interface Gating {
  useGate: boolean;
  innerLimit: number | null;
  upOffset: number;
}

/** For a schema's `superRefine`: nothing happens to a gate that is not there. */
export function checkGating<T extends Gating>({ useGate, innerLimit, upOffset }: T, context: z.RefinementCtx<T>): void {
  const fail = (path: keyof Gating, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if (!useGate && innerLimit !== null) fail('innerLimit', 'must be null: the network has no gate');
  if (!useGate && upOffset !== 0) fail('upOffset', 'must be 0: the network has no gate');
}

export interface FfnOptions {
  hiddenDim: number;
  intermediateDim: number;
  /** Default `silu`. */
  activation?: ActivationType | 'swish';
  /** Default true. */
  useGate?: boolean;
  /** Biases on every projection; default false. */
  useBias?: boolean;
  /** Default none. */
  innerNorm?: NormSpec | null;
  /** Default none. */
  innerLimit?: number | null;
  /** Default 0. */
  upOffset?: number;
}

/** A feed-forward network, by the seed's names and defaults. @throws SpecError that names the field. */
export function ffnSpec(options: FfnOptions): FfnSpec {
  const { hiddenDim, intermediateDim, activation = 'silu' } = options;
  return parseWith(ffnSpecSchema, {
    kind: 'dense',
    hiddenDim,
    intermediateDim,
    activation: activation === 'swish' ? 'silu' : activation,
    useGate: options.useGate ?? true,
    useBias: options.useBias ?? false,
    innerNorm: options.innerNorm ?? null,
    innerLimit: options.innerLimit ?? null,
    upOffset: options.upOffset ?? 0,
  });
}
