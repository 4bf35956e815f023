import { z } from 'zod';
import { defineOp } from '../op.ts';
import { floats } from '../tensor.ts';
import { sameAsInput } from './binary.ts';

const attrs = z
  .strictObject({
    /** null: no bound. */
    min: z.number().nullable(),
    max: z.number().nullable(),
  })
  .refine(({ min, max }) => min === null || max === null || min <= max, { message: 'min is above max' });

/** What lies outside of `min … max` becomes the nearer of them, elementwise. */
export const clamp = defineOp({
  name: 'clamp',
  kind: 'primitive',
  attrs,
  rowwise: true,
  infer: (_attrs, inputs) => sameAsInput(inputs),
  evaluate({ min, max }, inputs) {
    const x = floats(inputs[0]);
    const [low, high] = [min ?? Number.NEGATIVE_INFINITY, max ?? Number.POSITIVE_INFINITY];
    return { ...x, data: x.data.map((value) => Math.min(Math.max(value, low), high)) };
  },
});
