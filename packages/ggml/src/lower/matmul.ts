import { at, type Lowering } from '../lowering.ts';
import { product } from './product.ts';

export const matmul: Lowering<'matmul'> = (context, { inputs: [, weight = ''] }, inputs) =>
  product(context, at(inputs, 0), at(inputs, 1), weight);
