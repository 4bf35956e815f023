import { type Graph, GraphBuilder, type ValueId } from '@tttv2/graph';

const dims = { vocabSize: 512, hidden: 256, heads: 4, kvHeads: 2, headDim: 64, inner: 512 };
const rope = { theta: 10000, rotaryDim: 64, layout: 'half', scaling: { kind: 'default' } } as const;

/** A model shaped like a Llama, of one layer; of several where `windows` names one for each. */
export function oneLayer({ windows = [null] }: { windows?: readonly (number | null)[] } = {}): Graph {
  const builder = new GraphBuilder('one-layer');
  const { vocabSize, hidden } = dims;
  let x = builder.scope('embedding', () =>
    builder.node('gather_rows', {}, [
      builder.parameter('embedding.weight', [vocabSize, hidden]),
      builder.input('tokens'),
    ]),
  );
  for (const [i, window] of windows.entries()) x = builder.scope(`layers.${i}`, () => layer(builder, x, window));
  const rows = builder.scope('lastRows', () => builder.node('gather_rows', {}, [x, builder.input('logitRows')]));
  const normed = norm(builder, 'finalNorm', rows);
  return builder.build({ logits: linear(builder, 'lmHead', normed, hidden, vocabSize) });
}

function layer(builder: GraphBuilder, x: ValueId, window: number | null): ValueId {
  const mixer = norm(builder, 'preMixerNorm', x);
  const mixed = builder.node('add', {}, [x, builder.scope('mixer', () => attention(builder, mixer, window))]);
  const ffn = norm(builder, 'preFfnNorm', mixed);
  return builder.node('add', {}, [mixed, builder.scope('ffn', () => feedForward(builder, ffn))]);
}

function attention(builder: GraphBuilder, x: ValueId, window: number | null): ValueId {
  const { hidden, heads, kvHeads, headDim } = dims;
  const [slot, cacheIndex] = [builder.input('slot'), builder.input('cacheIndex')];
  const project = (name: string, count: number, turns: boolean) =>
    builder.scope(name, () => {
      const weight = builder.parameter(`${builder.path}.weight`, [count * headDim, hidden]);
      const flat = builder.node('linear', {}, [x, weight]);
      const split = builder.node('reshape', { shape: ['N', count, headDim] }, [flat]);
      return turns ? builder.node('rotary', rope, [split, builder.input('positions'), slot]) : split;
    });
  const [q, k, v] = [project('q', heads, true), project('k', kvHeads, true), project('v', kvHeads, false)];
  const cache = { kind: 'kv_cache', numKvHeads: kvHeads, headDim, stored: null } as const;
  const attrs = {
    state: builder.state(`${builder.path}.cache`, cache),
    scale: headDim ** -0.5,
    mask: 'causal',
    window,
    chunk: null,
    softcap: null,
    hasSelection: false,
  } as const;
  const mixed = builder.node('attention', attrs, [q, k, v, slot, cacheIndex]);
  const joined = builder.node('reshape', { shape: ['N', heads * headDim] }, [mixed]);
  return linear(builder, 'o', joined, heads * headDim, hidden);
}

function feedForward(builder: GraphBuilder, x: ValueId): ValueId {
  const { hidden, inner } = dims;
  const [gate, up] = [linear(builder, 'gate', x, hidden, inner), linear(builder, 'up', x, hidden, inner)];
  return linear(builder, 'down', builder.node('glu', { fn: 'silu' }, [gate, up]), inner, hidden);
}

function linear(builder: GraphBuilder, name: string, x: ValueId, inputs: number, outputs: number): ValueId {
  return builder.scope(name, () =>
    builder.node('linear', {}, [x, builder.parameter(`${builder.path}.weight`, [outputs, inputs])]),
  );
}

function norm(builder: GraphBuilder, name: string, x: ValueId): ValueId {
  return builder.scope(name, () =>
    builder.node('rms_norm', { eps: 1e-5 }, [x, builder.parameter(`${builder.path}.weight`, [dims.hidden])]),
  );
}
