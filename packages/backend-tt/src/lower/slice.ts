import type { Lowering } from '../lowering.ts';
import { py } from '../python.ts';
import { inDram, sizes } from '../shapes.ts';

/** Of the last dimension. */
export const slice: Lowering<'slice'> = (context, { attrs: { start, length }, inputs: [x = ''] }) => {
  const operand = inDram(context.operand(x));
  const [one, two, three] = operand.shape;
  const ends = sizes([one, two, three, start + length], operand);
  const call = py`ttnn.slice(${operand.expr}, (0, 0, 0, ${start}), ${ends})`;
  return context.emit(call, [one, two, three, length], { order: operand.order });
};
