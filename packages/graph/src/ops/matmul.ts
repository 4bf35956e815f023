import { defineOp, expect } from '../op.ts';
import { floats, floatTensor, rowsOf } from '../tensor.ts';
import { noAttrs } from './binary.ts';

/** `x[…, K] · weight[O, K]ᵀ → […, O]`: the weight lies as checkpoints store it, output by input. */
export const matmul = defineOp({
  name: 'matmul',
  kind: 'primitive',
  attrs: noAttrs,
  rowwise: true,
  infer(_attrs, inputs) {
    expect.count(inputs, 2);
    const [x, weight] = [expect.input(inputs, 0), expect.input(inputs, 1, 'float32', 2)];
    const [outputs, width] = weight.shape;
    if (typeof outputs !== 'number' || typeof width !== 'number')
      throw new Error(`input 1 must be of fixed size, found [${weight.shape.join(', ')}]`);
    if (x.shape.at(-1) !== width) throw new Error(`input 0 has rows of ${x.shape.at(-1)}, input 1 of ${width}`);
    return { dtype: 'float32', shape: [...x.shape.slice(0, -1), outputs] };
  },
  evaluate(_attrs, inputs) {
    const [x, weight] = [floats(inputs[0]), floats(inputs[1])];
    const { width } = rowsOf(x.shape);
    const outputs = weight.shape[0] ?? 0;
    return floatTensor([...x.shape.slice(0, -1), outputs], (i) => {
      const [row, output] = [Math.floor(i / outputs) * width, (i % outputs) * width];
      let sum = 0;
      for (let k = 0; k < width; k++) sum += (x.data[row + k] ?? 0) * (weight.data[output + k] ?? 0);
      return sum;
    });
  },
});
