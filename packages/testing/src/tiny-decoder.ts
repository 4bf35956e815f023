import { type Graph, GraphBuilder, type ValueId, type WeightSource } from '@tttv2/graph';
import type { RopeSpec } from '@tttv2/spec';
import { memoryWeights } from './memory-weights.ts';
import { randomTensors } from './random-tensors.ts';

/** A decoder that shows what a real one asks of a backend, and computes in a millisecond. */
export interface TinyDecoder {
  graph: Graph;
  weights: WeightSource;
  vocabSize: number;
  /** Scopes to compare, from first to last. */
  scopes: readonly string[];
}

const dims = { vocabSize: 40, hidden: 24, heads: 4, kvHeads: 2, headDim: 8, inner: 40 };
const plainRope: RopeSpec = { theta: 10000, rotaryDim: 8, layout: 'half', scaling: { kind: 'default' } };

/** Two layers with grouped heads, biases on q, k and v, a tied head; the second sees a window of 5 tokens. */
export function tinyDecoder({ rope = plainRope }: { rope?: RopeSpec } = {}): TinyDecoder {
  const { vocabSize, hidden } = dims;
  const builder = new GraphBuilder('tiny-decoder');
  const embedding = builder.parameter('embedding.weight', [vocabSize, hidden]);
  let x = builder.scope('embedding', () => builder.node('gather_rows', {}, [embedding, builder.input('tokens')]));
  for (const [i, window] of [null, 5].entries())
    x = builder.scope(`layers.${i}`, () => layer(builder, x, { rope, window }));
  const rows = builder.scope('lastRows', () => builder.node('gather_rows', {}, [x, builder.input('logitRows')]));
  const normed = norm(builder, 'finalNorm', rows);
  const logits = builder.scope('lmHead', () => builder.node('linear', {}, [normed, embedding]));
  const graph = builder.build({ logits });
  return {
    graph,
    weights: memoryWeights(randomTensors(graph, { std: 0.5 })),
    vocabSize,
    scopes: ['embedding', 'layers.0/mixer/q', 'layers.0/mixer', 'layers.0', 'layers.1/ffn/down', 'layers.1'],
  };
}

function layer(builder: GraphBuilder, x: ValueId, options: { rope: RopeSpec; window: number | null }): ValueId {
  const mixed = builder.node('add', {}, [
    x,
    builder.scope('mixer', () => attention(builder, norm(builder, 'norm', x), options)),
  ]);
  return builder.node('add', {}, [
    mixed,
    builder.scope('ffn', () => feedForward(builder, norm(builder, 'norm', mixed))),
  ]);
}

function attention(
  builder: GraphBuilder,
  x: ValueId,
  { rope, window }: { rope: RopeSpec; window: number | null },
): ValueId {
  const { hidden, heads, kvHeads, headDim } = dims;
  const [slot, cacheIndex] = [builder.input('slot'), builder.input('cacheIndex')];
  const project = (name: string, count: number, table: RopeSpec | null) =>
    builder.scope(name, () => {
      const flat = linear(builder, x, hidden, count * headDim, true);
      const split = builder.node('reshape', { shape: ['N', count, headDim] }, [flat]);
      return table === null ? split : builder.node('rotary', table, [split, builder.input('positions'), slot]);
    });
  const [q, k, v] = [project('q', heads, rope), project('k', kvHeads, rope), project('v', kvHeads, null)];
  const cache = { kind: 'kv_cache', numKvHeads: kvHeads, headDim, stored: null } as const;
  const state = builder.state(`${builder.path}.cache`, cache);
  const mixed = builder.node(
    'attention',
    { state, scale: headDim ** -0.5, mask: 'causal', window, chunk: null, softcap: null, hasSelection: false },
    [...[q, k, v, slot, cacheIndex]],
  );
  const joined = builder.node('reshape', { shape: ['N', heads * headDim] }, [mixed]);
  return builder.scope('o', () => linear(builder, joined, heads * headDim, hidden, false));
}

function feedForward(builder: GraphBuilder, x: ValueId): ValueId {
  const { hidden, inner } = dims;
  const [gate, up] = ['gate', 'up'].map((name) => builder.scope(name, () => linear(builder, x, hidden, inner, false)));
  const product = builder.node('glu', { fn: 'silu' }, [gate ?? '', up ?? '']);
  return builder.scope('down', () => linear(builder, product, inner, hidden, false));
}

function linear(builder: GraphBuilder, x: ValueId, inputs: number, outputs: number, useBias: boolean): ValueId {
  const weight = builder.parameter(`${builder.path}.weight`, [outputs, inputs]);
  const bias = useBias ? [builder.parameter(`${builder.path}.bias`, [outputs])] : [];
  return builder.node('linear', {}, [x, weight, ...bias]);
}

function norm(builder: GraphBuilder, name: string, x: ValueId): ValueId {
  return builder.scope(name, () =>
    builder.node('rms_norm', { eps: 1e-6 }, [x, builder.parameter(`${builder.path}.weight`, [dims.hidden])]),
  );
}
