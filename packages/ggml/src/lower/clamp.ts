import { at, type Lowering } from '../lowering.ts';

/** Of a copy: ggml's own clamp writes over its operand, which others may read. */
export const clamp: Lowering<'clamp'> = ({ g, arena }, { attrs: { min, max } }, inputs) =>
  g.clamp(arena, g.dup(arena, at(inputs, 0).tensor), min, max);
