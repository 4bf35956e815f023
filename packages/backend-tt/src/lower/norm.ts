import type { Lowering, LoweringContext } from '../lowering.ts';
import { type Expr, py, type Value } from '../python.ts';
import { inDram } from '../shapes.ts';

export const rmsNorm: Lowering<'rms_norm'> = (context, { attrs: { eps }, inputs: [x = '', weight = ''] }) =>
  normed(
    context,
    x,
    (operand) =>
      py`ttnn.rms_norm(${operand}, epsilon=${eps}, weight=${vector(context, weight)}, compute_kernel_config=EXACT)`,
  );

export const layerNorm: Lowering<'layer_norm'> = (context, { attrs: { eps }, inputs: [x = '', weight = '', bias] }) => {
  const offset = bias === undefined ? '' : py`, bias=${vector(context, bias)}`;
  return normed(
    context,
    x,
    (operand) =>
      py`ttnn.layer_norm(${operand}, epsilon=${eps}, weight=${vector(context, weight)}${offset}, compute_kernel_config=EXACT)`,
  );
};

function normed(context: LoweringContext, x: string, call: (operand: Expr) => Expr): Value {
  const { expr, shape, order } = inDram(context.operand(x));
  return context.emit(call(expr), shape, { order });
}

function vector(context: LoweringContext, name: string): Expr {
  return context.isParameter(name) ? py`${context.vector([name])}` : context.operand(name).expr;
}
