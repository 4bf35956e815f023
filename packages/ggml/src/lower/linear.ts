import { at, type Lowering } from '../lowering.ts';
import { product } from './product.ts';

export const linear: Lowering<'linear'> = (context, { inputs: [, weight = ''] }, inputs) => {
  const result = product(context, at(inputs, 0), at(inputs, 1), weight);
  return inputs.length < 3 ? result : context.g.add(context.arena, result, at(inputs, 2).tensor);
};
