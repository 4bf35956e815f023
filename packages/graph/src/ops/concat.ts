import { defineOp, expect } from '../op.ts';
import { floats, floatTensor, rowsOf } from '../tensor.ts';
import { sameShape } from '../value-type.ts';
import { noAttrs } from './binary.ts';

/** Two inputs joined along the last dimension. */
export const concat = defineOp({
  name: 'concat',
  kind: 'primitive',
  attrs: noAttrs,
  infer(_attrs, inputs) {
    expect.count(inputs, 2);
    const [a, b] = [expect.input(inputs, 0), expect.input(inputs, 1)];
    const [left, right] = [a.shape.at(-1), b.shape.at(-1)];
    if (
      !sameShape(a.shape.slice(0, -1), b.shape.slice(0, -1)) ||
      typeof left !== 'number' ||
      typeof right !== 'number'
    ) {
      throw new Error(`[${a.shape.join(', ')}] and [${b.shape.join(', ')}] may differ in their last dimension only`);
    }
    return { dtype: 'float32', shape: [...a.shape.slice(0, -1), left + right] };
  },
  evaluate(_attrs, inputs) {
    const [a, b] = [floats(inputs[0]), floats(inputs[1])];
    const [left, right] = [rowsOf(a.shape).width, rowsOf(b.shape).width];
    const width = left + right;
    return floatTensor([...a.shape.slice(0, -1), width], (i) => {
      const [row, column] = [Math.floor(i / width), i % width];
      return (column < left ? a.data[row * left + column] : b.data[row * right + column - left]) ?? Number.NaN;
    });
  },
});
