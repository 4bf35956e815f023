import { expect, test } from 'vitest';
import { attentionSpec } from './attention-spec.ts';
import { ffnSpec } from './ffn-spec.ts';
import { layerSpec } from './layer-spec.ts';
import { modelSpec, parseModelSpec } from './model-spec.ts';
import { moeSpec } from './moe-spec.ts';
import { countParameters, flopsPerToken } from './quantities.ts';

const dims = { hiddenDim: 8, numExperts: 4, topK: 2, intermediateDim: 6 };
const groups = { count: 2, chosen: 1, score: 'top2_sum' } as const;
const shared = { ffn: ffnSpec({ hiddenDim: 8, intermediateDim: 5 }), useGate: true };
const modelOf = (ffn: ReturnType<typeof moeSpec> | ReturnType<typeof ffnSpec>) =>
  modelSpec({
    vocabSize: 10,
    hiddenDim: 8,
    layers: [layerSpec({ attention: attentionSpec({ hiddenDim: 8, numHeads: 2 }), ffn })],
  });

test('the usual router: softmax over all, the best of it, summing to one', () => {
  expect(moeSpec({ ...dims, activation: 'swish' })).toEqual({
    kind: 'moe',
    ...dims,
    activation: 'silu',
    router: {
      ...{ score: 'softmax', order: 'score_then_topk', normalize: true, scale: 1, useSelectionBias: false },
      groups: null,
      useBias: false,
      scored: 'outputs',
      norm: null,
      logitScale: 1,
      useExpertScale: false,
    },
    norms: { pre: null, post: null },
    useGate: true,
    useBias: false,
    innerLimit: null,
    upOffset: 0,
    latentDim: null,
    shared: null,
  });
  expect(moeSpec({ ...dims, router: { score: 'sigmoid', useSelectionBias: true } }).router).toMatchObject({
    score: 'sigmoid',
    normalize: true,
    useSelectionBias: true,
  });
});

test.each([
  [{ topK: 5 }, 'topK: is 5, but there are 4 experts'],
  [{ numExperts: 0 }, 'numExperts: '],
  [{ intermediateDim: 1.5 }, 'intermediateDim: '],
  [{ router: { groups: { ...groups, count: 3 } } }, 'router.groups.count: 4 experts are not 3 groups of one size'],
  [{ router: { groups: { ...groups, chosen: 3 } } }, 'router.groups.chosen: is 3, but there are 2 groups'],
  [{ router: { groups: { ...groups, count: 4 } } }, 'router.groups.score: groups of one expert have no best two'],
  [{ useGate: false, innerLimit: 7 }, 'innerLimit: must be null: the network has no gate'],
  [{ useGate: false, upOffset: 1 }, 'upOffset: must be 0: the network has no gate'],
  [{ topK: 3, router: { groups } }, 'topK: is 3, but 1 groups have 2 experts'],
  [
    { shared: { ffn: ffnSpec({ hiddenDim: 4, intermediateDim: 2 }) } },
    "shared.ffn.hiddenDim: is 4, but the experts' is 8",
  ],
])('%o is refused by name', (wrong, message) => {
  expect(() => moeSpec({ ...dims, ...wrong })).toThrow(message);
});

test('a layer may have one; its JSON reads back as it was', () => {
  for (const options of [dims, { ...dims, shared, router: { groups } }]) {
    const model = modelOf(moeSpec(options));
    expect(parseModelSpec(JSON.parse(JSON.stringify(model)))).toEqual(model);
  }
});

test('all experts are parameters, those chosen are operations', () => {
  const bias = { router: { useSelectionBias: true } };
  expect(countParameters(modelOf(moeSpec(dims))).ffns).toBe(8 * 4 + 4 * 3 * 8 * 6);
  expect(countParameters(modelOf(moeSpec({ ...dims, ...bias }))).ffns).toBe(8 * 4 + 4 * 3 * 8 * 6 + 4);
  const dense = flopsPerToken(modelOf(ffnSpec({ hiddenDim: 8, intermediateDim: 12 })), 0);
  expect(flopsPerToken(modelOf(moeSpec(dims)), 0)).toBe(dense + 2 * 8 * 4);
});

test('experts without gates have two matrices each, as wide as the projection that they read', () => {
  const spec = modelOf(moeSpec({ ...dims, useGate: false, latentDim: 3 }));
  expect(countParameters(spec).ffns).toBe(8 * 4 + 2 * 8 * 3 + 4 * 2 * 3 * 6);
  const without = modelOf(moeSpec({ ...dims, useGate: false }));
  expect(flopsPerToken(without, 0) - flopsPerToken(spec, 0)).toBe(2 * (2 * 2 * 5 * 6 - 2 * 8 * 3));
});

test('biases of the router and of the experts are parameters', () => {
  const [without, withBiases] = [moeSpec(dims), moeSpec({ ...dims, useBias: true, router: { useBias: true } })];
  const count = (ffn: typeof without) => countParameters(modelOf(ffn)).ffns;
  expect(count(withBiases) - count(without)).toBe(4 + 4 * (6 + 6 + 8));
});

test('a shared network and its gate are both', () => {
  const [alone, both] = [moeSpec(dims), moeSpec({ ...dims, shared })].map(modelOf);
  if (alone === undefined || both === undefined) throw new Error('two models');
  expect(countParameters(both).ffns - countParameters(alone).ffns).toBe(3 * 8 * 5 + 8);
  expect(flopsPerToken(both, 0) - flopsPerToken(alone, 0)).toBe(2 * (3 * 8 * 5 + 8));
});
