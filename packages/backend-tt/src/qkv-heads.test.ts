import { GraphBuilder, isCollective, type LocalGraph, type Parameter } from '@tttv2/graph';
import { expect, test } from 'vitest';
import { findQkvHeads } from './qkv-heads.ts';

interface Options {
  heads?: number;
  kvHeads?: number;
  headDim?: number;
  /** Projections with a bias. */
  biases?: readonly string[];
  /** What lies between the heads and the attention, by projection. */
  between?: Readonly<Record<string, 'rms_norm' | 'layer_norm' | 'rotary' | 'affine'>>;
  /** Projections that read another value than the rest. */
  otherInput?: readonly string[];
  /** Projections whose flat result is used a second time. */
  usedTwice?: readonly string[];
  stored?: Readonly<Record<string, Parameter['stored']>>;
  /** Dimensions of what is projected, after the first. */
  rank?: readonly number[];
  /** Projections whose weight is computed. */
  computed?: readonly string[];
  scopeOf?: (name: string) => string;
}

const rope = { theta: 10000, rotaryDim: 32, layout: 'half', scaling: { kind: 'default' } } as const;

function attentionOf({
  heads = 4,
  kvHeads = 2,
  headDim = 32,
  biases = [],
  between = {},
  otherInput = [],
  usedTwice = [],
  stored = {},
  rank = [16],
  computed = [],
  scopeOf = (name) => `mixer/${name}`,
}: Options): LocalGraph {
  const builder = new GraphBuilder('g');
  const tokens = builder.input('tokens');
  const [slot, cacheIndex] = [builder.input('slot'), builder.input('cacheIndex')];
  const rows = (name: string) => builder.node('gather_rows', {}, [builder.parameter(name, [9, ...rank]), tokens]);
  const [x, other] = [rows('x'), rows('other')];
  const project = (name: string, count: number) =>
    builder.at(scopeOf(name), () => {
      const width = count * headDim;
      const raw = builder.parameter(`${name}.weight`, [width, rank.at(-1) ?? 1], stored[name] ?? null);
      const weight = computed.includes(name) ? builder.node('affine', { scale: 2, offset: 0 }, [raw]) : raw;
      const bias = biases.includes(name) ? [builder.parameter(`${name}.bias`, [width])] : [];
      const flat = builder.node('linear', {}, [otherInput.includes(name) ? other : x, weight, ...bias]);
      if (usedTwice.includes(name)) builder.node('sqrt', {}, [flat]);
      const split = builder.node('reshape', { shape: ['N', count, headDim] }, [flat]);
      const op = between[name];
      if (op === undefined) return split;
      if (op === 'rotary') return builder.node(op, rope, [split, builder.input('positions'), slot]);
      if (op === 'affine') return builder.node(op, { scale: 2, offset: 0 }, [split]);
      return builder.node(op, { eps: 1e-6 }, [split, builder.parameter(`${name}.norm`, [headDim])]);
    });
  const inputs = [project('q', heads), project('k', kvHeads), project('v', kvHeads), slot, cacheIndex];
  const state = builder.state('cache', { kind: 'kv_cache', numKvHeads: kvHeads, headDim, stored: null });
  const mixed = builder.node(
    'attention',
    { state, scale: 1, mask: 'causal', window: null, chunk: null, softcap: null, hasSelection: false },
    inputs,
  );
  const graph = builder.build({ mixed });
  return { ...graph, nodes: graph.nodes.flatMap((node) => (isCollective(node) ? [] : [node])) };
}

function found(options: Options) {
  return [...findQkvHeads(attentionOf(options)).values()];
}

test('q, k and v of one value are one product, found at its first node', () => {
  const graph = attentionOf({});
  const [[first, heads] = []] = findQkvHeads(graph);
  expect(graph.nodes.find(({ id }) => id === first)).toMatchObject({ op: 'linear', inputs: [heads?.x, 'q.weight'] });
  expect(heads).toMatchObject({
    weights: ['q.weight', 'k.weight', 'v.weight'],
    biases: [],
    numHeads: 4,
    numKvHeads: 2,
    headDim: 32,
    scope: 'mixer',
  });
  expect(heads?.nodes.map((id) => graph.nodes.find((node) => node.id === id)?.op)).toEqual(
    ['q', 'k', 'v'].flatMap(() => ['linear', 'reshape']),
  );
  expect(heads?.heads).toEqual(graph.nodes.at(-1)?.inputs.slice(0, 3));
});

test.each<[what: string, options: Options]>([
  ['rotary', { between: { q: 'rotary', k: 'rotary' } }],
  ['norms of each head', { between: { q: 'rms_norm', k: 'layer_norm' } }],
  ['as many KV heads', { kvHeads: 4 }],
  ['32 heads', { heads: 32, kvHeads: 8 }],
  ['all weights stored alike', { stored: { q: 'bfloat8_b', k: 'bfloat8_b', v: 'bfloat8_b' } }],
])('with %s, too', (_, options) => {
  expect(found(options)).toHaveLength(1);
});

test('biases on all are added on the way', () => {
  expect(found({ biases: ['q', 'k', 'v'] })).toMatchObject([{ biases: ['q.bias', 'k.bias', 'v.bias'] }]);
});

test.each<[what: string, options: Options]>([
  ['v is projected from something else', { otherInput: ['v'] }],
  ['q alone has a bias', { biases: ['q'] }],
  ['k has no bias', { biases: ['q', 'v'] }],
  ['the product for k is used a second time', { usedTwice: ['k'] }],
  ['heads are no whole tiles', { headDim: 48 }],
  ['there are more than 32 heads', { heads: 34 }],
  ['something that is not of each head lies between', { between: { k: 'affine' } }],
  ['a weight is computed', { computed: ['q'] }],
  ['weights are stored differently', { stored: { q: 'bfloat8_b', k: 'bfloat16', v: 'bfloat8_b' } }],
  ['rows of the value have more than one dimension', { rank: [1, 16] }],
])('not when %s', (_, options) => {
  expect(found(options)).toEqual([]);
});

test.each<[what: string, scopeOf: (name: string) => string, common: string]>([
  ['its own scopes', (name) => `layers.0/mixer/${name}`, 'layers.0/mixer'],
  ['deeper scopes of its own', (name) => `layers.0/${name}/a/b`, 'layers.0'],
  ['one scope', () => 'layers.0/mixer', 'layers.0/mixer'],
  ['scopes that start alike', (name) => `mixer${name}`, ''],
  ['none', () => '', ''],
])('lies in the innermost scope that holds %s', (_, scopeOf, common) => {
  expect(found({ scopeOf })).toMatchObject([{ scope: common }]);
});
