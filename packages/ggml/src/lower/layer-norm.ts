import { at, type Lowering } from '../lowering.ts';

export const layerNorm: Lowering<'layer_norm'> = ({ g, arena }, { attrs: { eps } }, inputs) => {
  const scaled = g.mul(arena, g.norm(arena, at(inputs, 0).tensor, eps), at(inputs, 1).tensor);
  return inputs.length < 3 ? scaled : g.add(arena, scaled, at(inputs, 2).tensor);
};
