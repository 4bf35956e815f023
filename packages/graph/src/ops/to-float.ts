import { defineOp, expect } from '../op.ts';
import { ints } from '../tensor.ts';
import { noAttrs } from './binary.ts';

/** Integers as float32, e.g. positions to be multiplied by frequencies. */
export const toFloat = defineOp({
  name: 'to_float',
  kind: 'primitive',
  attrs: noAttrs,
  infer(_attrs, inputs) {
    expect.count(inputs, 1);
    return { dtype: 'float32', shape: expect.input(inputs, 0, 'int32').shape };
  },
  evaluate(_attrs, inputs) {
    const { shape, data } = ints(inputs[0]);
    return { dtype: 'float32', shape, data: Float32Array.from(data) };
  },
});
