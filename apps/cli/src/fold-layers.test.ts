import { buildModel } from '@tttv2/blocks';
import { printGraph } from '@tttv2/graph';
import { attentionSpec, ffnSpec, layerSpec, modelSpec } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { foldLayers } from './fold-layers.ts';

test('prints layers that are alike once', () => {
  const ffn = ffnSpec({ hiddenDim: 8, intermediateDim: 16 });
  const layer = (slidingWindowSize: number | null) =>
    layerSpec({ attention: attentionSpec({ hiddenDim: 8, numHeads: 2, slidingWindowSize }), ffn });
  const layers = Array.from({ length: 12 }, (_, i) => layer(i % 4 === 3 ? null : 4));
  const folded = foldLayers(printGraph(buildModel(modelSpec({ vocabSize: 10, hiddenDim: 8, layers }))));
  expect(folded.split('\n').filter((line) => line.startsWith('layers'))).toEqual([
    'layers.0/',
    'layers.1–2/ × 2 like layers.0',
    'layers.3/',
    'layers.4–6/ × 3 like layers.0',
    'layers.7/ like layers.3',
    'layers.8–10/ × 3 like layers.0',
    'layers.11/ like layers.3',
  ]);
  expect(folded).toContain('finalNorm/');
});
