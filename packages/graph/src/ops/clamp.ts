import { z } from 'zod';
import { defineOp } from '../op.ts';
import { floats } from '../tensor.ts';
import { sameAsInput } from './binary.ts';

/** `x` bounded to `min` and `max`, elementwise. */
export const clamp = defineOp({
  name: 'clamp',
  kind: 'primitive',
  attrs: z.strictObject({ min: z.number(), max: z.number() }),
  rowwise: true,
  infer({ min, max }, inputs) {
    if (min > max) throw new Error(`min ${min} is above max ${max}`);
    return sameAsInput(inputs);
  },
  evaluate({ min, max }, inputs) {
    const x = floats(inputs[0]);
    return { ...x, data: x.data.map((value) => Math.min(Math.max(value, min), max)) };
  },
});
