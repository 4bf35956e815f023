import { z } from 'zod';
import { defineOp, expect } from '../op.ts';
import { floats, floatTensor, rowsOf } from '../tensor.ts';

/** `x / √(mean(x²) + eps) · weight` over the last dimension (arXiv:1910.07467). */
export const rmsNorm = defineOp({
  name: 'rms_norm',
  kind: 'composite',
  attrs: z.strictObject({ eps: z.number().positive() }),
  rowwise: true,
  infer(_attrs, inputs) {
    expect.count(inputs, 2);
    const x = expect.input(inputs, 0);
    expect.shape(expect.input(inputs, 1), 1, [x.shape.at(-1)]);
    return x;
  },
  evaluate({ eps }, inputs) {
    const [x, weight] = [floats(inputs[0]), floats(inputs[1])];
    const { width } = rowsOf(x.shape);
    const scaleOf = (row: number) => {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += (x.data[row * width + k] ?? 0) ** 2;
      return 1 / Math.sqrt(sum / width + eps);
    };
    const scales = Array.from({ length: x.data.length / width }, (_, row) => scaleOf(row));
    return floatTensor(
      x.shape,
      (i) => (x.data[i] ?? 0) * (scales[Math.floor(i / width)] ?? 0) * (weight.data[i % width] ?? 0),
    );
  },
  decompose({ eps }, [x = '', weight = ''], emit) {
    const square = emit.node('mean', {}, [emit.node('mul', {}, [x, x])]);
    const root = emit.node('sqrt', {}, [emit.node('affine', { scale: 1, offset: eps }, [square])]);
    return emit.node('mul', {}, [emit.node('div', {}, [x, root]), weight]);
  },
});
