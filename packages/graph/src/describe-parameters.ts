import { dtypes, WeightMismatchError } from '@tttv2/spec';
import type { Graph, Parameter } from './graph.ts';
import { onlyPlace, type Place } from './mesh.ts';
import { type Sharding, wholeShape } from './sharding.ts';
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
      const whole = describeWhole(parameter.from ?? name, parameter, source);
      return [name, parameter.sharding === null ? whole : partOf(whole, parameter.sharding, place)];
    }),
  );
}

function describeWhole(name: string, { shape, sharding }: Parameter, source: WeightSource): WeightExpr {
  const expr = source.describe(name);
  const [expected, found] = [`[${wholeShape(shape, sharding).join(', ')}]`, `[${shapeOf(expr).join(', ')}]`];
  if (found === expected) return expr;
  const message = `${name} is ${found}, but the model needs ${expected}`;
  throw new WeightMismatchError({ message, wrong: [{ name, expected, found }] });
}

/** The part of a device, filled up with rows of zeros. */
function partOf(whole: WeightExpr, { axis, meshAxis, size }: Sharding, { mesh, device }: Place): WeightExpr {
  const part = Math.ceil(size / mesh[meshAxis]);
  const start = part * device[meshAxis];
  const count = Math.min(part, size - start);
  if (count === size) return whole;
  const cut: WeightExpr =
    axis === shapeOf(whole).length - 1
      ? { kind: 'columns', of: cuttable(whole, part, count), start, count }
      : { kind: 'rows', of: whole, start, count, step: 1 };
  return count === part ? cut : { kind: 'padRows', of: cut, rows: part - count };
}

/** A row in blocks can be cut between them alone: where a part ends within one, it is cut as numbers. */
function cuttable(of: WeightExpr, ...lengths: number[]): WeightExpr {
  const { elements } = dtypes[dtypeOf(of)];
  return lengths.every((length) => length % elements === 0) ? of : { kind: 'dequantise', of };
}
