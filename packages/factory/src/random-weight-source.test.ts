import { attentionSpec, layerSpec, modelSpec, moeSpec } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { randomWeightSource } from './random-weight-source.ts';

const norm = { normType: 'layer_norm', normEps: 1e-5, useBias: false, weight: 'plain' } as const;
const spec = modelSpec({
  vocabSize: 11,
  hiddenDim: 16,
  useBiasHead: true,
  layers: [
    layerSpec({
      attention: attentionSpec({
        ...{ hiddenDim: 16, numHeads: 4, useSinks: true },
        qkNorm: { norm, scope: 'per_head_weights' },
      }),
      ffn: moeSpec({
        ...{ hiddenDim: 16, numExperts: 4, topK: 2, intermediateDim: 6, useBias: true },
        router: { useBias: true, useSelectionBias: true },
      }),
    }),
  ],
});

test.each([
  ['embedding.weight', 0, 0.02],
  ['layers.0.mixer.q.weight', 0, 0.02],
  ['layers.0.mixer.q.norm.weight', 1, 0],
  ['layers.0.mixer.sinks', 0, 0],
  ['layers.0.mixer.q.bias', 0, 0],
  ['layers.0.preFfnNorm.weight', 1, 0],
  ['layers.0.ffn.experts.up.weight', 0, 0.02],
  ['layers.0.ffn.experts.up.bias', 0, 0],
  ['layers.0.ffn.router.selectionBias', 0, 0],
  ['lmHead.bias', 0, 0],
])('%s has a mean of %f and varies by %f', (name, mean, std) => {
  expect(randomWeightSource(spec, 1).describe(name)).toMatchObject({ kind: 'random', stream: name, mean, std });
});
