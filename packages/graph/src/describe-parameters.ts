import { dtypes, WeightMismatchError } from '@tttv2/spec';
import type { Graph, ParameterForm, Repeat } from './graph.ts';
import { onlyPlace, type Place } from './mesh.ts';
import { type Sharding, wholeShape } from './sharding.ts';
import { elementCount } from './tensor.ts';
import { dtypeOf, shapeOf, type WeightExpr } from './weight-expr.ts';
import type { WeightSource } from './weight-source.ts';

/**
 * How to obtain what one device holds of each parameter of a graph that passed `validateProgram`.
 * @throws WeightMismatchError when a parameter is missing, or is another whole than that of which devices hold parts:
 * native code would read beyond it.
 */
export function describeParameters(graph: Graph, source: WeightSource, place = onlyPlace): Map<string, WeightExpr> {
  return new Map(
    Object.entries(graph.parameters).map(([name, parameter]) => {
      const whole =
        parameter.parts === null
          ? describeWhole(parameter.from ?? name, parameter, source)
          : joined(parameter.parts.map((part) => cutAt(place, describeWhole(part.from, part, source), part)));
      return [name, cutAt(place, whole, parameter)];
    }),
  );
}

function cutAt(place: Place, whole: WeightExpr, { sharding }: Pick<ParameterForm, 'sharding'>): WeightExpr {
  return sharding === null ? whole : partOf(whole, sharding, place);
}

/** Rows of different storage are joined as numbers. */
function joined(parts: WeightExpr[]): WeightExpr {
  const isAlike = new Set(parts.map(dtypeOf)).size === 1;
  return { kind: 'concat', of: isAlike ? parts : parts.map((of) => ({ kind: 'dequantise', of })) };
}

function describeWhole(name: string, form: ParameterForm, source: WeightSource): WeightExpr {
  const { shape, sharding, repeat, affine } = form;
  const expr = source.describe(name);
  const [rows = 0, ...row] = wholeShape(shape, sharding);
  const expected = `[${[rows / (repeat?.times ?? 1), ...row].join(', ')}]`;
  const found = `[${shapeOf(expr).join(', ')}]`;
  if (found === expected) {
    const whole = repeat === null ? expr : repeated(expr, repeat);
    return affine === null ? whole : { kind: 'affine', of: whole, ...affine };
  }
  const message = `${name} is ${found}, but the model needs ${expected}`;
  throw new WeightMismatchError({ message, wrong: [{ name, expected, found }] });
}

function repeated(of: WeightExpr, { block, times }: Repeat): WeightExpr {
  const [rows = 0, ...row] = shapeOf(of);
  const blocks = rows / block;
  const flat: WeightExpr = {
    kind: 'reshape',
    of,
    shape: [blocks, block * elementCount(row)],
  };
  const order = Array.from({ length: blocks * times }, (_, i) => Math.floor(i / times));
  return { kind: 'reshape', of: { kind: 'permuteRows', of: flat, order }, shape: [rows * times, ...row] };
}

/** The part of a device, filled up with rows of zeros. */
function partOf(whole: WeightExpr, { axis, meshAxis, size }: Sharding, { mesh, device }: Place): WeightExpr {
  const part = Math.ceil(size / mesh[meshAxis]);
  const start = part * device[meshAxis];
  const count = Math.min(part, size - start);
  if (count === size) return whole;
  if (axis > 0) return within(whole, { axis, start, count });
  const rows: WeightExpr = { kind: 'rows', of: whole, start, count, step: 1 };
  return count === part ? rows : { kind: 'padRows', of: rows, rows: part - count };
}

/** Of each row a part: with all that follows the axis laid out as one dimension, a run of columns. */
function within(whole: WeightExpr, { axis, start, count }: { axis: number; start: number; count: number }): WeightExpr {
  const shape = shapeOf(whole);
  const [outer, size] = [shape.slice(0, axis), shape[axis] ?? 1];
  const step = elementCount(shape.slice(axis + 1));
  if (axis === shape.length - 1) return { kind: 'columns', of: cuttable(whole, count), start, count };
  const flat: WeightExpr = { kind: 'reshape', of: whole, shape: [...outer, size * step] };
  const columns: WeightExpr = { kind: 'columns', of: flat, start: start * step, count: count * step };
  return { kind: 'reshape', of: columns, shape: shape.with(axis, count) };
}

/** A row in blocks can be cut between them alone: where a part ends within one, it is cut as numbers. */
function cuttable(of: WeightExpr, length: number): WeightExpr {
  return length % dtypes[dtypeOf(of)].elements === 0 ? of : { kind: 'dequantise', of };
}
