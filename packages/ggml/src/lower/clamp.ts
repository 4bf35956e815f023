import { at, type Lowering } from '../lowering.ts';

/** ggml clamps in place: what others may still read is copied first. */
export const clamp: Lowering<'clamp'> = ({ g, arena }, { attrs: { min, max } }, inputs) =>
  g.clamp(arena, g.cont(arena, at(inputs, 0).tensor), min ?? Number.NEGATIVE_INFINITY, max ?? Number.POSITIVE_INFINITY);
