import type { Lowering } from '../lowering.ts';
import { py } from '../python.ts';
import { inDram } from '../shapes.ts';

/** Of the last dimension. */
export const mean: Lowering<'mean'> = (context, { inputs: [x = ''] }) => {
  const { expr, shape, order } = inDram(context.operand(x));
  const [one, two, three] = shape;
  return context.emit(py`ttnn.mean(${expr}, dim=-1, keepdim=True)`, [one, two, three, 1], { order });
};
