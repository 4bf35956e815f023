import { dtypeOf, elementCount, shapeOf, type WeightExpr } from '@tttv2/graph';
import { dtypes } from '@tttv2/spec';
import { plainShape } from './shapes.ts';
import type { TtDtype } from './tt-dtype.ts';

/** A weight as it lies on the device. */
export interface DeviceParameter {
  /** Where it is used, and as what: `layers.3.mixer.qkv.weight`. */
  name: string;
  shape: readonly number[];
  dtype: TtDtype;
  layout: 'tile' | 'row_major';
  content: ParameterContent;
}

export type ParameterContent =
  /** Made from parameters of the graph. */
  | { kind: 'made'; from: readonly string[]; make: (parts: readonly WeightExpr[]) => WeightExpr }
  /** Numbers that the program itself holds. */
  | { kind: 'numbers'; data: readonly number[] };

/** `weight[…, O, K]` of checkpoints as ttnn multiplies by it, `[K, …O]`; of several, their outputs side by side. */
export function asMatrix(parts: readonly WeightExpr[]): WeightExpr {
  return { kind: 'transpose', of: flat(joined(parts)) };
}

/** Matrices `[E, O, K]` one below the other, each as ttnn multiplies by it: `[E · K, O]`. */
export function asTallMatrix(parts: readonly WeightExpr[]): WeightExpr {
  const stack = joined(parts);
  const [experts = 1] = shapeOf(stack);
  const expert = (start: number): WeightExpr => ({ kind: 'rows', of: stack, start, count: 1, step: 1 });
  return {
    kind: 'concat',
    of: Array.from({ length: experts }, (_, i) => ({ kind: 'transpose', of: flat(expert(i)) })),
  };
}

/** The same rows, whatever they were grouped by. */
function flat(of: WeightExpr): WeightExpr {
  const shape = shapeOf(of);
  if (shape.length === 2) return of;
  const width = shape.at(-1) ?? 1;
  return { kind: 'reshape', of, shape: [shape.slice(0, -1).reduce((rows, dim) => rows * dim, 1), width] };
}

/** Rows to look up, as they are. */
export function asTable(parts: readonly WeightExpr[]): WeightExpr {
  const table = joined(parts);
  const [rows = 1, ...rest] = shapeOf(table);
  return { kind: 'reshape', of: table, shape: [rows, elementCount(rest)] };
}

/** The same numbers in four dimensions; of several, one after the other. */
export function asPlain(parts: readonly WeightExpr[]): WeightExpr {
  const value = joined(parts);
  return { kind: 'reshape', of: value, shape: [...plainShape(shapeOf(value))] };
}

/** Along the first dimension, in one type of single elements: blocks can be neither joined with others nor transposed. */
function joined(parts: readonly WeightExpr[]): WeightExpr {
  const types = new Set(parts.map(dtypeOf));
  const isSingle = types.size === 1 && [...types].every((dtype) => dtypes[dtype].elements === 1);
  const [first, ...others] = isSingle ? parts : parts.map((of): WeightExpr => ({ kind: 'dequantise', of }));
  if (first === undefined) throw new Error('a weight is made from at least one parameter');
  return others.length === 0 ? first : { kind: 'concat', of: [first, ...others] };
}
