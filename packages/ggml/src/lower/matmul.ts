import { at, type Lowering } from '../lowering.ts';

export const matmul: Lowering<'matmul'> = ({ g, arena }, _node, inputs) =>
  g.mulMat(arena, at(inputs, 1).tensor, at(inputs, 0).tensor);
