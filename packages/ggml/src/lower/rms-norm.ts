import { at, type Lowering } from '../lowering.ts';

/** The CPU backend fuses the pair. */
export const rmsNorm: Lowering<'rms_norm'> = ({ g, arena }, { attrs: { eps } }, inputs) =>
  g.mul(arena, g.rmsNorm(arena, at(inputs, 0).tensor, eps), at(inputs, 1).tensor);
