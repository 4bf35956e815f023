import { z } from 'zod';

/**
 * A dimension: a size, or one that each step sets anew.
 * `N`: tokens of the step. `R`: rows whose logits are wanted.
 */
export const dimSchema = z.union([z.number().int().positive(), z.literal('N'), z.literal('R')]);
export type Dim = z.infer<typeof dimSchema>;

/** Computed values are float32; int32 is for step inputs (token ids, positions, row numbers). */
export const valueTypeSchema = z.strictObject({
  dtype: z.enum(['float32', 'int32']),
  /** Row-major, one to four dimensions. */
  shape: z.array(dimSchema).min(1).max(4),
});
export type ValueType = z.infer<typeof valueTypeSchema>;

/** Sizes of the symbolic dimensions in one step. */
export interface StepSizes {
  N: number;
  R: number;
}

export function sameShape(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

export function showType({ dtype, shape }: ValueType): string {
  return `${dtype}[${shape.join(', ')}]`;
}

export function concreteShape(shape: readonly Dim[], sizes: StepSizes): number[] {
  return shape.map((dim) => (typeof dim === 'number' ? dim : sizes[dim]));
}

export function float32(...shape: Dim[]): ValueType {
  return { dtype: 'float32', shape };
}

export function int32(...shape: Dim[]): ValueType {
  return { dtype: 'int32', shape };
}
