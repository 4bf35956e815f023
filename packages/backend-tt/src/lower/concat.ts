import type { Lowering } from '../lowering.ts';
import { py } from '../python.ts';
import { inDram, inOrderOf } from '../shapes.ts';

export const concat: Lowering<'concat'> = (context, { inputs: [x = '', y = ''], type: { shape } }) => {
  const a = inDram(context.operand(x));
  const b = inDram(inOrderOf(a.order, context.operand(y)));
  const [one, two, three] = a.shape;
  const call = py`ttnn.concat([${a.expr}, ${b.expr}], dim=-1)`;
  return context.emit(call, [one, two, three, shape.at(-1) ?? 1], { order: a.order });
};
