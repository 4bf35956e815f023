import { defineOp, expect } from '../op.ts';
import { add } from './add.ts';
import { noAttrs } from './binary.ts';
import { matmul } from './matmul.ts';

/** `x[…, K] · weight[O, K]ᵀ + bias[O]`; the bias may be absent. */
export const linear = defineOp({
  name: 'linear',
  kind: 'composite',
  attrs: noAttrs,
  rowwise: true,
  infer(attrs, inputs) {
    expect.count(inputs, 2, 3);
    const result = matmul.infer(attrs, inputs.slice(0, 2));
    if (inputs.length === 3) expect.shape(expect.input(inputs, 2), 2, [result.shape.at(-1)]);
    return result;
  },
  evaluate(attrs, inputs, context) {
    const [x, weight, bias] = inputs;
    const product = matmul.evaluate(attrs, x && weight ? [x, weight] : [], context);
    return bias === undefined ? product : add.evaluate(attrs, [product, bias], context);
  },
  decompose(_attrs, [x = '', weight = '', bias], emit) {
    const product = emit.node('matmul', {}, [x, weight]);
    return bias === undefined ? product : emit.node('add', {}, [product, bias]);
  },
});
