import { at, type Lowering } from '../lowering.ts';

export const affine: Lowering<'affine'> = ({ g, arena }, { attrs: { scale, offset } }, inputs) =>
  g.scaleBias(arena, at(inputs, 0).tensor, scale, offset);
