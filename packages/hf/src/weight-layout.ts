import { shapeOf, type WeightExpr } from '@tttv2/graph';
import type { WeightLayout } from './weight-names.ts';

/** The tensors that a parameter of a shape is made of: one, or one for each expert. */
export function tensorsOf({ tensor }: WeightLayout, shape: readonly number[]): string[] {
  if (!tensor.includes('{e}')) return [tensor];
  return Array.from({ length: shape[0] ?? 0 }, (_, expert) => tensor.replace('{e}', `${expert}`));
}

/** Shape of each of those tensors. */
export function storedShape({ tensor, part, isTransposed }: WeightLayout, shape: readonly number[]): number[] {
  const whole = part === undefined ? [...shape] : shape.with(outputs(shape), outputSize(shape) * part.of);
  const each = tensor.includes('{e}') ? whole.slice(1) : whole;
  return isTransposed && each.length === 2 ? each.toReversed() : each;
}

/** A parameter of a shape, made of its tensors. */
export function layoutExpr(
  { tensor, part, isTransposed = false }: WeightLayout,
  shape: readonly number[],
  tensors: readonly WeightExpr[],
): WeightExpr {
  const matrices = tensors.map((of) => upright(of, isTransposed));
  const [first] = matrices;
  const whole = tensor.includes('{e}') || first === undefined ? { kind: 'stack' as const, of: matrices } : first;
  return part === undefined ? whole : partOf(whole, part, shape);
}

function upright(of: WeightExpr, isTransposed: boolean): WeightExpr {
  return isTransposed && shapeOf(of).length === 2 ? { kind: 'transpose', of } : of;
}

/** The rows of one part; of a stack of matrices `[E, of·O, I]`, those of each matrix. */
function partOf(of: WeightExpr, part: { index: number; of: number }, shape: readonly number[]): WeightExpr {
  if (shape.length < 3) {
    const count = outputSize(shape);
    return { kind: 'rows', of, start: part.index * count, count, step: 1 };
  }
  const [experts = 0, ...matrix] = shape;
  const parts: WeightExpr = { kind: 'reshape', of, shape: [experts * part.of, ...matrix] };
  return { kind: 'rows', of: parts, start: part.index, count: experts, step: part.of };
}

/** The dimension of the outputs: the last but one of a matrix, the only one of a vector. */
function outputs(shape: readonly number[]): number {
  return Math.max(0, shape.length - 2);
}

function outputSize(shape: readonly number[]): number {
  return shape[outputs(shape)] ?? 0;
}
