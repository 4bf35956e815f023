import { WeightMismatchError } from '@tttv2/spec';
import type { Graph } from './graph.ts';
import { shapeOf, type WeightExpr } from './weight-expr.ts';
import type { WeightSource } from './weight-source.ts';

/**
 * How to obtain each parameter of a graph. @throws WeightMismatchError when one is missing, or has another shape: native
 * code would read beyond it.
 */
export function describeParameters(graph: Graph, source: WeightSource): Map<string, WeightExpr> {
  return new Map(
    Object.entries(graph.parameters).map(([name, { shape }]) => {
      const expr = source.describe(name);
      const [expected, found] = [`[${shape.join(', ')}]`, `[${shapeOf(expr).join(', ')}]`];
      if (found === expected) return [name, expr];
      const message = `${name} is ${found}, but the model needs ${expected}`;
      throw new WeightMismatchError({ message, wrong: [{ name, expected, found }] });
    }),
  );
}
