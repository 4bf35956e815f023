import type { ActivationType } from '@tttv2/spec';
import { at, type Lowering, type LoweringContext } from '../lowering.ts';
import type { Pointer } from '../pointer.ts';

export const activation: Lowering<'activation'> = (context, { attrs: { fn } }, inputs) =>
  activate(context, fn, at(inputs, 0).tensor);

export function activate(context: LoweringContext, fn: ActivationType, x: Pointer): Pointer {
  const { g, arena, isExact } = context;
  switch (fn) {
    case 'silu':
      return g.silu(arena, x);
    case 'relu':
      return g.relu(arena, x);
    case 'gelu':
      return g.geluErf(arena, x);
    case 'gelu_tanh':
      return isExact ? exactTanhGelu(context, x) : g.gelu(arena, x);
    case 'quick_gelu':
      return g.mul(arena, x, g.sigmoid(arena, g.scaleBias(arena, x, 1.702, 0)));
    case 'relu2':
      return g.sqr(arena, g.relu(arena, x));
    case 'sigmoid':
      return g.sigmoid(arena, x);
    case 'tanh':
      return g.tanh(arena, x);
  }
}

/**
 * ggml's tanh GELU reads a float16 table. The same function without one: `x · sigmoid(2√(2/π) (x + 0.044715 x³))`, since
 * `1 + tanh(y) = 2 sigmoid(2y)`.
 */
function exactTanhGelu({ g, arena }: LoweringContext, x: Pointer): Pointer {
  const square = g.mul(arena, x, x);
  const inner = g.mul(arena, g.scaleBias(arena, square, 0.044715, 1), x);
  return g.mul(arena, g.sigmoid(arena, g.scaleBias(arena, inner, 2 * Math.sqrt(2 / Math.PI), 0)), x);
}
