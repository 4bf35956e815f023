import { z } from 'zod';
import { defineOp } from '../op.ts';
import { floats } from '../tensor.ts';
import { concreteShape, type Dim, dimSchema } from '../value-type.ts';
import { sameAsInput } from './binary.ts';

/**
 * The same elements in the same order under another shape. Each symbolic dimension must stay, with as many elements before
 * it: so tokens stay apart, and a device may compute a step in pieces, each padded as it likes.
 */
export const reshape = defineOp({
  name: 'reshape',
  kind: 'primitive',
  attrs: z.strictObject({ shape: z.array(dimSchema).min(1).max(4) }),
  infer({ shape }, inputs) {
    const { dtype, shape: from } = sameAsInput(inputs);
    if (symbols(from) !== symbols(shape) || size(from) !== size(shape)) {
      throw new Error(`[${from.join(', ')}] cannot be reshaped to [${shape.join(', ')}]: other elements`);
    }
    if (before(from) !== before(shape))
      throw new Error(`[${from.join(', ')}] cannot be reshaped to [${shape.join(', ')}]: it would mix tokens`);
    return { dtype, shape };
  },
  evaluate({ shape }, inputs, { sizes }) {
    return { ...floats(inputs[0]), shape: concreteShape(shape, sizes) };
  },
});

function symbols(shape: readonly Dim[]): string {
  return shape
    .filter((dim) => typeof dim === 'string')
    .toSorted()
    .join();
}

function size(shape: readonly Dim[]): number {
  return shape.reduce<number>((product, dim) => (typeof dim === 'number' ? product * dim : product), 1);
}

/** Elements before the symbolic dimension; 0 where there is none. */
function before(shape: readonly Dim[]): number {
  const at = shape.findIndex((dim) => typeof dim === 'string');
  return at < 0 ? 0 : size(shape.slice(0, at));
}
