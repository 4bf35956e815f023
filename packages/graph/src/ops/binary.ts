import { z } from 'zod';
import { defineOp, expect, type OpDefinition } from '../op.ts';
import { floats, floatTensor } from '../tensor.ts';
import type { Dim, ValueType } from '../value-type.ts';

export const noAttrs = z.strictObject({});
export type NoAttrs = z.infer<typeof noAttrs>;

/**
 * An elementwise op of two inputs. The second is broadcast to the first: aligned at the last dimension, each of its
 * dimensions equal or 1.
 */
export function binaryOp<Name extends string>(
  name: Name,
  apply: (a: number, b: number) => number,
): OpDefinition<Name, NoAttrs> {
  return defineOp({
    name,
    kind: 'primitive',
    attrs: noAttrs,
    rowwise: true,
    infer(_attrs, inputs) {
      expect.count(inputs, 2);
      const [a, b] = [expect.input(inputs, 0), expect.input(inputs, 1)];
      if (!canBroadcast(b.shape, a.shape)) {
        throw new Error(`input 1 [${b.shape.join(', ')}] cannot be broadcast to input 0 [${a.shape.join(', ')}]`);
      }
      return a;
    },
    evaluate(_attrs, inputs) {
      const [a, b] = [floats(inputs[0]), floats(inputs[1])];
      const at = broadcastIndex(a.shape, b.shape);
      return floatTensor(a.shape, (i) => apply(a.data[i] ?? Number.NaN, b.data[at(i)] ?? Number.NaN));
    },
  });
}

function canBroadcast(from: readonly Dim[], to: readonly Dim[]): boolean {
  const offset = to.length - from.length;
  return offset >= 0 && from.every((dim, i) => dim === 1 || dim === to[offset + i]);
}

/** Maps a flat index of shape `to` to one of shape `from`. */
function broadcastIndex(to: readonly number[], from: readonly number[]): (index: number) => number {
  const aligned = [...Array.from({ length: to.length - from.length }, () => 1), ...from];
  return (index) => {
    let [rest, stride, result] = [index, 1, 0];
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const [size, own] = [to[axis] ?? 1, aligned[axis] ?? 1];
      if (own !== 1) result += (rest % size) * stride;
      rest = Math.floor(rest / size);
      stride *= own;
    }
    return result;
  };
}

/** For `infer` of ops that keep their only input's type. */
export function sameAsInput(inputs: readonly ValueType[]): ValueType {
  expect.count(inputs, 1);
  return expect.input(inputs, 0);
}
