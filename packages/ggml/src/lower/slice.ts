import { sizesOf } from '../arena.ts';
import { at, type Lowering } from '../lowering.ts';

/** A copy: every value of a lowered graph is contiguous. */
export const slice: Lowering<'slice'> = ({ g, arena }, { attrs: { start, length } }, inputs) => {
  const { tensor, shape } = at(inputs, 0);
  const [width, b, c, d] = sizesOf(shape);
  const row = 4 * width;
  return g.cont(arena, g.view4d(arena, tensor, length, b, c, d, row, row * b, row * b * c, 4 * start));
};
