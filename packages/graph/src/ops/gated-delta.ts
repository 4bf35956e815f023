import { z } from 'zod';
import { defineOp, expect } from '../op.ts';
import { floats, floatTensor, ints } from '../tensor.ts';
import { softplus } from './softplus.ts';

/**
 * The gated delta rule (arXiv:2412.06464), head by head:
 * `q[N, G, S] k[N, G, S] v[N, H, P] dt[N, H] a[H] beta[N, H] slot[N] cacheIndex[N] → [N, H, P]`.
 * Each token first lets the state `h[H, P, S]` of its sequence, zeros at first, decay to `e^(-e^a · ln(1 + e^dt)) · h`, then adds
 * `β · (v - h · k) ⊗ k`: where its key is of length one and β is 1, the key now finds the value. Its result is `h · q / √S`.
 * Head i reads group `i / (H / G)` of `q` and `k`.
 */
export const gatedDelta = defineOp({
  name: 'gated_delta',
  kind: 'stateful',
  attrs: z.strictObject({ state: z.string().min(1) }),
  stateOf: ({ state }) => state,
  stateNeeded: (inputs) => {
    const [, heads, headDim] = inputs[2]?.shape ?? [];
    return { kind: 'recurrent', shape: [heads, headDim, inputs[0]?.shape[2]].map(Number) };
  },
  infer(_attrs, inputs) {
    expect.count(inputs, 8);
    const q = expect.input(inputs, 0, 'float32', 3);
    const v = expect.input(inputs, 2, 'float32', 3);
    const [tokens, groups] = q.shape;
    const [, heads, headDim] = v.shape;
    if (tokens !== 'N') throw new Error(`input 0 must have the step's tokens N as rows, found ${tokens}`);
    expect.shape(expect.input(inputs, 1), 1, q.shape);
    expect.shape(v, 2, ['N', heads, headDim]);
    expect.shape(expect.input(inputs, 3), 3, ['N', heads]);
    expect.shape(expect.input(inputs, 4), 4, [heads]);
    expect.shape(expect.input(inputs, 5), 5, ['N', heads]);
    expect.shape(expect.input(inputs, 6, 'int32'), 6, ['N']);
    expect.shape(expect.input(inputs, 7, 'int32'), 7, ['N']);
    if (typeof heads !== 'number' || typeof groups !== 'number' || heads % groups !== 0)
      throw new Error(`${heads} heads do not share ${groups} groups evenly`);
    return v;
  },
  evaluate({ state }, inputs, context) {
    const [q, k, v, dt, a, beta] = [0, 1, 2, 3, 4, 5].map((i) => floats(inputs[i]).data);
    const [slots, indexes] = [ints(inputs[6]).data, ints(inputs[7]).data];
    const out = floatTensor(floats(inputs[2]).shape, () => 0);
    const [tokens = 0, heads = 0, headDim = 0] = out.shape;
    const [, groups = 1, width = 0] = floats(inputs[0]).shape;
    for (let t = 0; t < tokens; t++) {
      const [slot, index] = [slots[t] ?? 0, indexes[t] ?? 0];
      const before = context.state.read(state, slot)[index - 1]?.[0];
      const after = new Float32Array(heads * headDim * width);
      for (let row = 0; row < heads * headDim; row++) {
        const head = Math.floor(row / headDim);
        const group = (t * groups + Math.floor(head / (heads / groups))) * width;
        const decay = Math.exp(-Math.exp(a?.[head] ?? 0) * softplus(dt?.[t * heads + head] ?? 0));
        let [found, read] = [0, 0];
        for (let s = 0; s < width; s++) found += decay * (before?.[row * width + s] ?? 0) * (k?.[group + s] ?? 0);
        const added = (beta?.[t * heads + head] ?? 0) * ((v?.[t * heads * headDim + row] ?? 0) - found);
        for (let s = 0; s < width; s++) {
          const value = decay * (before?.[row * width + s] ?? 0) + added * (k?.[group + s] ?? 0);
          after[row * width + s] = value;
          read += value * (q?.[group + s] ?? 0);
        }
        out.data[t * heads * headDim + row] = read / Math.sqrt(width);
      }
      context.state.write(state, slot, index, [after]);
    }
    return out;
  },
});
