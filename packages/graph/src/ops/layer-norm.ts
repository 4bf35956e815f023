import { z } from 'zod';
import { defineOp, expect } from '../op.ts';
import { floats, floatTensor, rowsOf } from '../tensor.ts';

/** `(x - mean) / √(variance + eps) · weight + bias` over the last dimension (arXiv:1607.06450); the bias may be absent. */
export const layerNorm = defineOp({
  name: 'layer_norm',
  kind: 'composite',
  attrs: z.strictObject({ eps: z.number().positive() }),
  rowwise: true,
  infer(_attrs, inputs) {
    expect.count(inputs, 2, 3);
    const x = expect.input(inputs, 0);
    for (let i = 1; i < inputs.length; i++) expect.shape(expect.input(inputs, i), i, [x.shape.at(-1)]);
    return x;
  },
  evaluate({ eps }, inputs) {
    const [x, weight] = [floats(inputs[0]), floats(inputs[1])];
    const bias = inputs[2] === undefined ? null : floats(inputs[2]);
    const { width, rows } = rowsOf(x.shape);
    const moments = Array.from({ length: rows }, (_, row) => {
      const values = x.data.subarray(row * width, (row + 1) * width);
      const mean = values.reduce((sum, value) => sum + value, 0) / width;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
      return { mean, scale: 1 / Math.sqrt(variance + eps) };
    });
    return floatTensor(x.shape, (i) => {
      const { mean, scale } = moments[Math.floor(i / width)] ?? { mean: 0, scale: 0 };
      return ((x.data[i] ?? 0) - mean) * scale * (weight.data[i % width] ?? 0) + (bias?.data[i % width] ?? 0);
    });
  },
  decompose({ eps }, [x = '', weight = '', bias], emit) {
    const centred = emit.node('sub', {}, [x, emit.node('mean', {}, [x])]);
    const variance = emit.node('mean', {}, [emit.node('mul', {}, [centred, centred])]);
    const root = emit.node('sqrt', {}, [emit.node('affine', { scale: 1, offset: eps }, [variance])]);
    const scaled = emit.node('mul', {}, [emit.node('div', {}, [centred, root]), weight]);
    return bias === undefined ? scaled : emit.node('add', {}, [scaled, bias]);
  },
});
