import { z } from 'zod';
import { defineOp, expect } from '../op.ts';
import { floats, floatTensor, ints } from '../tensor.ts';
import { softplus } from './softplus.ts';

/**
 * The recurrence of Mamba 2 (arXiv:2405.21060), head by head:
 * `x[N, H, P] dt[N, H] a[H] b[N, G, S] c[N, G, S] slot[N] cacheIndex[N] → [N, H, P]`.
 * With `Δ = ln(1 + e^dt)` each token makes the state `h[H, P, S]` of its sequence, zeros at first, into
 * `e^(Δ·a) · h + Δ · x ⊗ b`, and its result is `h · c`. Head i reads group `i / (H / G)` of `b` and `c`.
 */
export const ssmScan = defineOp({
  name: 'ssm_scan',
  kind: 'stateful',
  attrs: z.strictObject({ state: z.string().min(1) }),
  stateOf: ({ state }) => state,
  stateNeeded: (inputs) => {
    const [, heads, headDim] = inputs[0]?.shape ?? [];
    return { kind: 'recurrent', shape: [heads, headDim, inputs[3]?.shape[2]].map(Number) };
  },
  infer(_attrs, inputs) {
    expect.count(inputs, 7);
    const x = expect.input(inputs, 0, 'float32', 3);
    const b = expect.input(inputs, 3, 'float32', 3);
    const heads = x.shape[1];
    const [tokens, groups] = b.shape;
    if (tokens !== 'N') throw new Error(`input 3 must have the step's tokens N as rows, found ${tokens}`);
    expect.shape(x, 0, ['N', heads, x.shape[2]]);
    expect.shape(expect.input(inputs, 1), 1, ['N', heads]);
    expect.shape(expect.input(inputs, 2), 2, [heads]);
    expect.shape(expect.input(inputs, 4), 4, b.shape);
    expect.shape(expect.input(inputs, 5, 'int32'), 5, ['N']);
    expect.shape(expect.input(inputs, 6, 'int32'), 6, ['N']);
    if (typeof heads !== 'number' || typeof groups !== 'number' || heads % groups !== 0)
      throw new Error(`${heads} heads do not share ${groups} groups evenly`);
    return x;
  },
  evaluate({ state }, inputs, context) {
    const [x, dt, a, b, c] = [0, 1, 2, 3, 4].map((i) => floats(inputs[i]).data);
    const [slots, indexes] = [ints(inputs[5]).data, ints(inputs[6]).data];
    const out = floatTensor(floats(inputs[0]).shape, () => 0);
    const [tokens = 0, heads = 0, headDim = 0] = out.shape;
    const [, groups = 1, width = 0] = floats(inputs[3]).shape;
    for (let t = 0; t < tokens; t++) {
      const [slot, index] = [slots[t] ?? 0, indexes[t] ?? 0];
      const before = context.state.read(state, slot)[index - 1]?.[0];
      const after = new Float32Array(heads * headDim * width);
      for (let row = 0; row < heads * headDim; row++) {
        const head = Math.floor(row / headDim);
        const group = (t * groups + Math.floor(head / (heads / groups))) * width;
        const step = softplus(dt?.[t * heads + head] ?? 0);
        const decay = Math.exp(step * (a?.[head] ?? 0));
        const added = step * (x?.[t * heads * headDim + row] ?? 0);
        for (let s = 0; s < width; s++) {
          const value = decay * (before?.[row * width + s] ?? 0) + added * (b?.[group + s] ?? 0);
          after[row * width + s] = value;
          out.data[t * heads * headDim + row] =
            (out.data[t * heads * headDim + row] ?? 0) + value * (c?.[group + s] ?? 0);
        }
      }
      context.state.write(state, slot, index, [after]);
    }
    return out;
  },
});
