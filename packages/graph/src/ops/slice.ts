import { z } from 'zod';
import { defineOp } from '../op.ts';
import { floats, floatTensor, rowsOf } from '../tensor.ts';
import { sameAsInput } from './binary.ts';

/** Elements `start` to `start + length` of the last dimension. */
export const slice = defineOp({
  name: 'slice',
  kind: 'primitive',
  attrs: z.strictObject({ start: z.number().int().nonnegative(), length: z.number().int().positive() }),
  infer({ start, length }, inputs) {
    const { dtype, shape } = sameAsInput(inputs);
    const width = shape.at(-1);
    if (typeof width !== 'number' || start + length > width) {
      throw new Error(`${start} to ${start + length} lies outside of the last dimension of [${shape.join(', ')}]`);
    }
    return { dtype, shape: [...shape.slice(0, -1), length] };
  },
  evaluate({ start, length }, inputs) {
    const x = floats(inputs[0]);
    const { width } = rowsOf(x.shape);
    return floatTensor(
      [...x.shape.slice(0, -1), length],
      (i) => x.data[Math.floor(i / length) * width + start + (i % length)] ?? Number.NaN,
    );
  },
});
