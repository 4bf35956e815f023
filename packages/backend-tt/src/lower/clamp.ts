import type { Lowering } from '../lowering.ts';
import { py } from '../python.ts';
import { same } from './elementwise.ts';

export const clamp: Lowering<'clamp'> = (context, { attrs: { min, max }, inputs: [x = ''] }) => {
  if (min === null && max === null) return same(context, x, (operand) => operand);
  const bounds = [min === null ? '' : `, min=${min}`, max === null ? '' : `, max=${max}`].join('');
  return same(context, x, (operand) => py`ttnn.clamp(${operand}${bounds})`);
};
