import type { NodeOf } from '@tttv2/graph';
import type { Lowering, LoweringContext } from '../lowering.ts';
import { type Expr, py, type Value } from '../python.ts';
import { inOrderOf } from '../shapes.ts';

/** An op of one operand that leaves its shape. */
export function unary<Name extends 'cos' | 'exp' | 'floor' | 'log' | 'sin' | 'sqrt'>(name: Name): Lowering<Name> {
  return (context, { inputs: [x = ''] }) => same(context, x, (operand) => py`ttnn.${name}(${operand})`);
}

const names = { add: 'add', sub: 'subtract', mul: 'multiply', div: 'divide' } as const;

/** An op of two operands, the second broadcast. */
export function binary<Name extends keyof typeof names>(name: Name): Lowering<Name> {
  return (context, { inputs }: Pick<NodeOf<Name>, 'inputs'>) => {
    const [x = '', y = ''] = inputs;
    const a = context.operand(x);
    const b = inOrderOf(a.order, context.operand(y));
    return context.emit(py`ttnn.${names[name]}(${a.expr}, ${b.expr})`, a.shape, { order: a.order, memory: a.memory });
  };
}

/** A value like the operand `name`. */
export function same(context: LoweringContext, name: string, expr: (operand: Expr) => Expr): Value {
  const { expr: operand, shape, order, memory } = context.operand(name);
  return context.emit(expr(operand), shape, { order, memory });
}
