import type { Lowering } from '../lowering.ts';
import { py } from '../python.ts';
import { same } from './elementwise.ts';

export const affine: Lowering<'affine'> = (context, { attrs: { scale, offset }, inputs: [x = ''] }) =>
  same(context, x, (operand) => py`ttnn.add(ttnn.multiply(${operand}, ${scale}), ${offset})`);
