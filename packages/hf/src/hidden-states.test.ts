import { modelSpec, uniformModelSpec } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { hiddenStateScopes } from './hidden-states.ts';

const spec = uniformModelSpec({ vocabSize: 8, hiddenDim: 4, intermediateDim: 4, numLayers: 2, numHeads: 1 });
const norm = { normType: 'layer_norm', normEps: 1e-5, useBias: true, weight: 'plain' } as const;

test('there is one more than layers, the last one normed', () => {
  expect(hiddenStateScopes(spec, 'inputs')).toEqual(['embedding', 'layers.0', 'finalNorm']);
  expect(hiddenStateScopes(spec, 'outputs')).toEqual(['layers.0', 'layers.1', 'finalNorm']);
});

test('what enters the first layer may be normed, and what leaves the last may not', () => {
  const bloom = modelSpec({ ...spec, embeddingNorm: norm });
  expect(hiddenStateScopes(bloom, 'inputs')).toEqual(['embeddingNorm', 'layers.0', 'finalNorm']);
  const unnormed = modelSpec({ ...spec, finalNorm: null });
  expect(hiddenStateScopes(unnormed, 'inputs')).toEqual(['embedding', 'layers.0', 'layers.1']);
});
