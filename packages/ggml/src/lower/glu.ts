import { at, type Lowering } from '../lowering.ts';
import { activate } from './activation.ts';

export const glu: Lowering<'glu'> = (context, { attrs: { fn } }, inputs) => {
  const { g, arena, isExact } = context;
  const [gate, up] = [at(inputs, 0).tensor, at(inputs, 1).tensor];
  switch (fn) {
    case 'silu':
      return g.swigluSplit(arena, gate, up);
    case 'relu':
      return g.regluSplit(arena, gate, up);
    case 'gelu':
      return g.gegluErfSplit(arena, gate, up);
    case 'gelu_tanh':
      return isExact ? g.mul(arena, activate(context, fn, gate), up) : g.gegluSplit(arena, gate, up);
  }
};
