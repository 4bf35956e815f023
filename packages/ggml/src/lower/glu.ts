import type { ActivationType } from '@tttv2/spec';
import { at, type Lowering, type LoweringContext } from '../lowering.ts';
import type { Pointer } from '../pointer.ts';
import { activate } from './activation.ts';

export const glu: Lowering<'glu'> = (context, { attrs: { fn } }, inputs) =>
  activated(context, fn, at(inputs, 0).tensor, at(inputs, 1).tensor);

/** `fn(gate) · up` */
export function activated(context: LoweringContext, fn: ActivationType, gate: Pointer, up: Pointer): Pointer {
  const { g, arena, isExact } = context;
  switch (fn) {
    case 'silu':
      return g.swigluSplit(arena, gate, up);
    case 'relu':
      return g.regluSplit(arena, gate, up);
    case 'gelu':
      return g.gegluErfSplit(arena, gate, up);
    case 'gelu_tanh':
      return isExact ? g.mul(arena, activate(context, fn, gate), up) : g.gegluSplit(arena, gate, up);
    case 'quick_gelu':
    case 'relu2':
    case 'sigmoid':
    case 'tanh':
      return g.mul(arena, activate(context, fn, gate), up);
  }
}
