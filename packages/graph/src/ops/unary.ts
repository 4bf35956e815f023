import { defineOp, type OpDefinition } from '../op.ts';
import { floats } from '../tensor.ts';
import { type NoAttrs, noAttrs, sameAsInput } from './binary.ts';

/** An elementwise op of one input. */
export function unaryOp<Name extends string>(name: Name, apply: (x: number) => number): OpDefinition<Name, NoAttrs> {
  return defineOp({
    name,
    kind: 'primitive',
    attrs: noAttrs,
    rowwise: true,
    infer: (_attrs, inputs) => sameAsInput(inputs),
    evaluate(_attrs, inputs) {
      const x = floats(inputs[0]);
      return { ...x, data: x.data.map(apply) };
    },
  });
}
