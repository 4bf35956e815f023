import { z } from 'zod';
import { defineOp, expect } from '../op.ts';
import { elementCount } from '../tensor.ts';

/** Numbers that the graph itself holds. */
export const constant = defineOp({
  name: 'constant',
  kind: 'primitive',
  attrs: z.strictObject({ shape: z.array(z.number().int().positive()).min(1).max(4), data: z.array(z.number()) }),
  infer({ shape, data }, inputs) {
    expect.count(inputs, 0);
    if (data.length !== elementCount(shape))
      throw new Error(`[${shape.join(', ')}] needs ${elementCount(shape)} numbers, found ${data.length}`);
    return { dtype: 'float32', shape };
  },
  evaluate({ shape, data }) {
    return { dtype: 'float32', shape, data: Float32Array.from(data) };
  },
});
