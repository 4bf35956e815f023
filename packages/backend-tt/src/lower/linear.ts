import type { Lowering } from '../lowering.ts';
import { py } from '../python.ts';
import { inDram } from '../shapes.ts';
import { product } from './matmul.ts';

/** The bias is added on the way. */
export const linear: Lowering<'linear'> = (context, { inputs: [x = '', weight = '', bias] }) => {
  const operand = inDram(context.operand(x));
  if (bias === undefined) return product(context, operand, weight);
  if (context.isParameter(bias)) return product(context, operand, weight, py`${context.vector([bias])}`);
  return product(context, operand, weight, context.operand(bias).expr);
};
