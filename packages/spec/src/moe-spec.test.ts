import { expect, test } from 'vitest';
import { attentionSpec } from './attention-spec.ts';
import { ffnSpec } from './ffn-spec.ts';
import { layerSpec } from './layer-spec.ts';
import { modelSpec, parseModelSpec } from './model-spec.ts';
import { moeSpec } from './moe-spec.ts';
import { countParameters, flopsPerToken } from './quantities.ts';

const dims = { hiddenDim: 8, numExperts: 4, topK: 2, intermediateDim: 6 };
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
    router: { score: 'softmax', order: 'score_then_topk', normalize: true, scale: 1, useSelectionBias: false },
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
])('%o is refused by name', (wrong, message) => {
  expect(() => moeSpec({ ...dims, ...wrong })).toThrow(message);
});

test('a layer may have one; its JSON reads back as it was', () => {
  const model = modelOf(moeSpec(dims));
  expect(parseModelSpec(JSON.parse(JSON.stringify(model)))).toEqual(model);
});

test('all experts are parameters, those chosen are operations', () => {
  const bias = { router: { useSelectionBias: true } };
  expect(countParameters(modelOf(moeSpec(dims))).ffns).toBe(8 * 4 + 4 * 3 * 8 * 6);
  expect(countParameters(modelOf(moeSpec({ ...dims, ...bias }))).ffns).toBe(8 * 4 + 4 * 3 * 8 * 6 + 4);
  const dense = flopsPerToken(modelOf(ffnSpec({ hiddenDim: 8, intermediateDim: 12 })), 0);
  expect(flopsPerToken(modelOf(moeSpec(dims)), 0)).toBe(dense + 2 * 8 * 4);
});
