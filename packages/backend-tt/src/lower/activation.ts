import type { ActivationType } from '@tttv2/spec';
import type { Lowering } from '../lowering.ts';
import { type Expr, py } from '../python.ts';
import { same } from './elementwise.ts';

export const activation: Lowering<'activation'> = (context, { attrs: { fn }, inputs: [x = ''] }) =>
  same(context, x, (operand) => activated(fn, operand));

/** ttnn's own approximations are told not to be used. */
const activations: Readonly<Record<ActivationType, (x: Expr) => Expr>> = {
  silu: (x) => py`ttnn.silu(${x})`,
  gelu: (x) => py`ttnn.gelu(${x}, fast_and_approximate_mode=False)`,
  gelu_tanh: (x) => py`gelu_tanh(${x})`,
  relu: (x) => py`ttnn.relu(${x})`,
  quick_gelu: (x) => py`ttnn.multiply(${x}, ttnn.sigmoid(ttnn.multiply(${x}, 1.702)))`,
  relu2: (x) => py`ttnn.square(ttnn.relu(${x}))`,
  sigmoid: (x) => py`ttnn.sigmoid(${x})`,
  tanh: (x) => py`ttnn.tanh(${x})`,
};

export function activated(fn: ActivationType, x: Expr): Expr {
  return activations[fn](x);
}

/** Activations that ttnn's multiplication applies to its first operand on the way. */
const fused: Readonly<Partial<Record<ActivationType, string>>> = {
  silu: 'ttnn.UnaryOpType.SILU',
  relu: 'ttnn.UnaryOpType.RELU',
};

/** `activation(gate) · up` */
export const glu: Lowering<'glu'> = (context, { attrs: { fn }, inputs: [x = '', y = ''] }) => {
  const { expr: up } = context.operand(y);
  return same(context, x, (gate) => gated(fn, gate, up));
};

/** `fn(gate) · up` */
export function gated(fn: ActivationType, gate: Expr, up: Expr): Expr {
  return fused[fn] === undefined
    ? py`ttnn.multiply(${activations[fn](gate)}, ${up})`
    : py`ttnn.multiply(${gate}, ${up}, input_tensor_a_activations=[${fused[fn]}])`;
}
