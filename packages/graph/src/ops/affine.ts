import { z } from 'zod';
import { defineOp } from '../op.ts';
import { floats } from '../tensor.ts';
import { sameAsInput } from './binary.ts';

/** `x · scale + offset`. */
export const affine = defineOp({
  name: 'affine',
  kind: 'primitive',
  attrs: z.strictObject({ scale: z.number(), offset: z.number() }),
  rowwise: true,
  infer: (_attrs, inputs) => sameAsInput(inputs),
  evaluate({ scale, offset }, inputs) {
    const x = floats(inputs[0]);
    return { ...x, data: x.data.map((value) => value * scale + offset) };
  },
});
