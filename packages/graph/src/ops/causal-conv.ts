import { z } from 'zod';
import { defineOp, expect } from '../op.ts';
import { floats, floatTensor, ints } from '../tensor.ts';

/**
 * A convolution of each channel over the last `K` tokens of a sequence, with zeros before its first:
 * `x[N, C] weight[C, K] slot[N] cacheIndex[N] → [N, C]`, `y[t, c] = Σ_k weight[c, k] · x[t - K + 1 + k, c]`.
 * The state holds what the next token needs, the last `K - 1` rows of `x`: `[K - 1, C]`.
 */
export const causalConv = defineOp({
  name: 'causal_conv',
  kind: 'stateful',
  attrs: z.strictObject({ state: z.string().min(1) }),
  stateOf: ({ state }) => state,
  stateNeeded: (inputs) => ({ kind: 'recurrent', shape: stateShape(inputs[1]?.shape ?? []) }),
  infer(_attrs, inputs) {
    expect.count(inputs, 4);
    const x = expect.input(inputs, 0, 'float32', 2);
    const [channels, width] = expect.input(inputs, 1, 'float32', 2).shape;
    expect.shape(x, 0, ['N', channels]);
    expect.shape(expect.input(inputs, 2, 'int32'), 2, ['N']);
    expect.shape(expect.input(inputs, 3, 'int32'), 3, ['N']);
    if (typeof width !== 'number' || width < 2)
      throw new Error(`input 1 must be over at least 2 tokens, found ${width}: over one it is a product`);
    return x;
  },
  evaluate({ state }, inputs, context) {
    const [x, weight] = [floats(inputs[0]), floats(inputs[1])];
    const [slots, indexes] = [ints(inputs[2]).data, ints(inputs[3]).data];
    const [tokens = 0, channels = 0] = x.shape;
    const width = weight.shape[1] ?? 0;
    const out = floatTensor(x.shape, () => 0);
    for (let t = 0; t < tokens; t++) {
      const [slot, index] = [slots[t] ?? 0, indexes[t] ?? 0];
      context.state.write(state, slot, index, [x.data.slice(t * channels, (t + 1) * channels)]);
      const rows = context.state.read(state, slot);
      for (let c = 0; c < channels; c++) {
        for (let k = 0; k < width; k++)
          out.data[t * channels + c] =
            (out.data[t * channels + c] ?? 0) +
            (weight.data[c * width + k] ?? 0) * (rows[index - width + 1 + k]?.[0]?.[c] ?? 0);
      }
    }
    return out;
  },
});

function stateShape([channels, width]: readonly unknown[]): number[] {
  return [Number(width) - 1, Number(channels)];
}
