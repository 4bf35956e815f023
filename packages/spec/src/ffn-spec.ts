import { z } from 'zod';
import { type NormSpec, normSpecSchema } from './norm-spec.ts';
import { positiveInt } from './numbers.ts';
import { parseWith } from './parse.ts';

/**
 * `gelu` is the exact form by erf, `gelu_tanh` its tanh approximation, `relu2` the square of `relu`; `swish` is the seed's
 * second name of `silu`.
 */
export const activationTypeSchema = z.enum(['silu', 'gelu', 'gelu_tanh', 'relu', 'relu2', 'sigmoid', 'tanh']);
export type ActivationType = z.infer<typeof activationTypeSchema>;

/** A dense feed-forward network: `down(norm(act(gate x) · up x))` when gated, else `down(norm(act(up x)))`. */
export const ffnSpecSchema = z.strictObject({
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
});
export type FfnSpec = z.infer<typeof ffnSpecSchema>;

export interface FfnOptions {
  hiddenDim: number;
  intermediateDim: number;
  /** Default `silu`. */
  activation?: ActivationType | 'swish';
  /** Default true. */
  useGate?: boolean;
  /** Default false. */
  useBias?: boolean;
  /** Default none. */
  innerNorm?: NormSpec | null;
}

/** A feed-forward network, by the seed's names and defaults. @throws SpecError that names the field. */
export function ffnSpec(options: FfnOptions): FfnSpec {
  const { activation = 'silu', useGate = true, useBias = false, innerNorm = null, ...dims } = options;
  return parseWith(ffnSpecSchema, {
    kind: 'dense',
    ...dims,
    activation: activation === 'swish' ? 'silu' : activation,
    useGate,
    useBias,
    innerNorm,
  });
}
