import type { Lowering } from '../lowering.ts';
import { py } from '../python.ts';
import { same } from './elementwise.ts';

/** The sum over the devices of a mesh axis. */
export const allReduce: Lowering<'all_reduce'> = (context, { attrs: { meshAxis }, inputs: [x = ''] }) =>
  same(context, x, (operand) => py`ttnn.all_reduce(${operand}, cluster_axis=${meshAxis})`);

/** The parts of the devices of a mesh axis, side by side in the last dimension. */
export const allGather: Lowering<'all_gather'> = (context, { attrs: { meshAxis, devices }, inputs: [x = ''] }) => {
  const { expr, shape, order } = context.operand(x);
  const [one, two, three, width] = shape;
  const call = py`ttnn.all_gather(${expr}, dim=3, cluster_axis=${meshAxis})`;
  return context.emit(call, [one, two, three, Number(width) * devices], { order });
};
