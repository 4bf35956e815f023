import { type ActivationType, activationTypeSchema } from '@tttv2/spec';
import { z } from 'zod';
import { defineOp } from '../op.ts';
import { floats } from '../tensor.ts';
import { sameAsInput } from './binary.ts';

/** An activation function, elementwise. */
export const activation = defineOp({
  name: 'activation',
  kind: 'primitive',
  attrs: z.strictObject({ fn: activationTypeSchema }),
  rowwise: true,
  infer: (_attrs, inputs) => sameAsInput(inputs),
  evaluate({ fn }, inputs) {
    const x = floats(inputs[0]);
    return { ...x, data: x.data.map(activationFunctions[fn]) };
  },
});

/** Formulas: Hendrycks & Gimpel, arXiv:1606.08415; `relu2`: So et al., arXiv:2109.08668. */
export const activationFunctions: Readonly<Record<ActivationType, (x: number) => number>> = {
  silu: (x) => x / (1 + Math.exp(-x)),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  gelu_tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  quick_gelu: (x) => x / (1 + Math.exp(-1.702 * x)),
  relu: (x) => Math.max(x, 0),
  relu2: (x) => Math.max(x, 0) ** 2,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};

/** The error function by its Maclaurin series near zero and a continued fraction beyond (DLMF 7.6.1, 7.9.1); about 1e-15. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  return Math.sign(x) * (a < 2.5 ? erfSeries(a) : 1 - erfcFraction(a));
}

function erfSeries(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function erfcFraction(x: number): number {
  let tail = x;
  for (let n = 60; n > 0; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
}
