import { z } from 'zod';
import { defineOp, expect } from '../op.ts';
import { floats, type IntTensor, ints } from '../tensor.ts';
import { int32 } from '../value-type.ts';

const attrs = z.strictObject({
  /** The cache that the op writes its keys to, and then reads: it has no values. */
  state: z.string().min(1),
  /** Tokens that are selected, where there are as many. */
  topK: z.number().int().positive(),
});

/**
 * Of the tokens that each token sees, itself among them, those with the largest `Σ_h weights[h] · max(0, q_h · k)`, as their
 * cache indexes; -1 in the places of those that there are not: `q[N, H, d] k[N, d] weights[N, H] slot[N] cacheIndex[N] →
 * int32 [N, topK]` (the indexer of DeepSeek-V3.2). Their order, and which of equal ones are selected, is not said.
 */
export const selectKeys = defineOp({
  name: 'select_keys',
  kind: 'stateful',
  attrs,
  stateOf: ({ state }) => state,
  stateNeeded: (inputs) => ({
    ...{ kind: 'kv_cache', numKvHeads: 1, headDim: Number(inputs[1]?.shape[1]), hasValues: false },
  }),
  infer({ topK }, inputs) {
    expect.count(inputs, 5);
    const [tokens, heads, dim] = expect.input(inputs, 0, 'float32', 3).shape;
    if (tokens !== 'N') throw new Error(`input 0 must have the step's tokens N as rows, found ${tokens}`);
    expect.shape(expect.input(inputs, 1), 1, ['N', dim]);
    expect.shape(expect.input(inputs, 2), 2, ['N', heads]);
    expect.shape(expect.input(inputs, 3, 'int32'), 3, ['N']);
    expect.shape(expect.input(inputs, 4, 'int32'), 4, ['N']);
    return int32('N', topK);
  },
  evaluate({ state, topK }, inputs, context): IntTensor {
    const [q, k, weights] = [floats(inputs[0]), floats(inputs[1]).data, floats(inputs[2]).data];
    const [slots, indexes] = [ints(inputs[3]).data, ints(inputs[4]).data];
    const [tokens = 0, heads = 0, dim = 0] = q.shape;
    for (let t = 0; t < tokens; t++)
      context.state.write(state, slots[t] ?? 0, indexes[t] ?? 0, [k.slice(t * dim, (t + 1) * dim)]);
    const data = new Int32Array(tokens * topK).fill(-1);
    for (let t = 0; t < tokens; t++) {
      const seen = context.state.read(state, slots[t] ?? 0).slice(0, (indexes[t] ?? 0) + 1);
      const scores = seen.map(([key]) => {
        let score = 0;
        for (let head = 0; head < heads; head++) {
          const at = (t * heads + head) * dim;
          const product = key?.reduce((sum, value, d) => sum + value * (q.data[at + d] ?? 0), 0) ?? 0;
          score += (weights[t * heads + head] ?? 0) * Math.max(0, product);
        }
        return score;
      });
      const best = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b).slice(0, topK);
      data.set(best, t * topK);
    }
    return { dtype: 'int32', shape: [tokens, topK], data };
  },
});
