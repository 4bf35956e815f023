import { activationTypeSchema } from '@tttv2/spec';
import { z } from 'zod';
import { defineOp, expect } from '../op.ts';
import { floats, floatTensor } from '../tensor.ts';
import { activationFunctions } from './activation.ts';

/** `activation(gate) · up`: SwiGLU with `silu`, GeGLU with `gelu` (arXiv:2002.05202). */
export const glu = defineOp({
  name: 'glu',
  kind: 'composite',
  attrs: z.strictObject({ fn: activationTypeSchema }),
  rowwise: true,
  infer(_attrs, inputs) {
    expect.count(inputs, 2);
    const gate = expect.input(inputs, 0);
    expect.shape(expect.input(inputs, 1), 1, gate.shape);
    return gate;
  },
  evaluate({ fn }, inputs) {
    const [gate, up] = [floats(inputs[0]), floats(inputs[1])];
    return floatTensor(
      gate.shape,
      (i) => activationFunctions[fn](gate.data[i] ?? Number.NaN) * (up.data[i] ?? Number.NaN),
    );
  },
  decompose({ fn }, [gate = '', up = ''], emit) {
    return emit.node('mul', {}, [emit.node('activation', { fn }, [gate]), up]);
  },
});
