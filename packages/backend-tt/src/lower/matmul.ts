import type { Lowering, LoweringContext, Operand } from '../lowering.ts';
import { type Expr, py, type Value } from '../python.ts';
import { inDram } from '../shapes.ts';

export const matmul: Lowering<'matmul'> = (context, { inputs: [x = '', weight = ''] }) =>
  product(context, inDram(context.operand(x)), weight);

/** `x · weightᵀ + bias`: ttnn multiplies by `[K, O]`, as the weight then lies on the device. */
export function product(context: LoweringContext, x: Operand, weight: string, bias?: Expr): Value {
  const isWeight = context.isParameter(weight);
  const matrix = isWeight ? py`${context.matrix([weight])}` : py`ttnn.transpose(${context.operand(weight).expr}, 2, 3)`;
  const [outputs = 1] = context.dims(weight);
  const [one, two, three] = x.shape;
  const added = bias === undefined ? '' : py`, bias=${bias}`;
  const call = py`ttnn.linear(${x.expr}, ${matrix}${added}, compute_kernel_config=EXACT)`;
  return context.emit(call, [one, two, three, outputs], { order: x.order });
}
