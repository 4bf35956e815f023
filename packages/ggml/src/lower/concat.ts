import { at, type Lowering } from '../lowering.ts';

export const concat: Lowering<'concat'> = ({ g, arena }, _node, inputs) =>
  g.concat(arena, at(inputs, 0).tensor, at(inputs, 1).tensor, 0);
