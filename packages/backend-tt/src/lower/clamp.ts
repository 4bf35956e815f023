import type { Lowering } from '../lowering.ts';
import { py } from '../python.ts';
import { same } from './elementwise.ts';

export const clamp: Lowering<'clamp'> = (context, { attrs: { min, max }, inputs: [x = ''] }) =>
  same(context, x, (operand) => py`ttnn.clamp(${operand}, ${min}, ${max})`);
