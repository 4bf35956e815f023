import { defineOp } from '../op.ts';
import { floats, floatTensor, rowsOf } from '../tensor.ts';
import { noAttrs, sameAsInput } from './binary.ts';

/** Mean of the last dimension, which becomes 1. */
export const mean = defineOp({
  name: 'mean',
  kind: 'primitive',
  attrs: noAttrs,
  infer(_attrs, inputs) {
    const { dtype, shape } = sameAsInput(inputs);
    if (typeof shape.at(-1) !== 'number')
      throw new Error(`[${shape.join(', ')}] has no fixed last dimension: tokens of a step do not mix`);
    return { dtype, shape: [...shape.slice(0, -1), 1] };
  },
  evaluate(_attrs, inputs) {
    const x = floats(inputs[0]);
    const { width } = rowsOf(x.shape);
    return floatTensor([...x.shape.slice(0, -1), 1], (row) => {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += x.data[row * width + k] ?? 0;
      return sum / width;
    });
  },
});
