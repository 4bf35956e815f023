import { at, type Lowering } from '../lowering.ts';

export const linear: Lowering<'linear'> = ({ g, arena }, _node, inputs) => {
  const product = g.mulMat(arena, at(inputs, 1).tensor, at(inputs, 0).tensor);
  return inputs.length < 3 ? product : g.add(arena, product, at(inputs, 2).tensor);
};
