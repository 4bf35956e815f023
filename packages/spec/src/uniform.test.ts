import { expect, test } from 'vitest';
import { uniformModelSpec } from './uniform.ts';

const dims = { vocabSize: 32, hiddenDim: 16, numLayers: 3, numHeads: 4, intermediateDim: 24 };

test('all layers are alike, by the seed’s defaults', () => {
  const { layers, maxSeqLen, tieEmbeddings, finalNorm, ropeTables } = uniformModelSpec(dims);
  expect(layers).toHaveLength(3);
  expect(layers).toEqual(layers.map(() => layers[0]));
  expect(layers[0]).toMatchObject({
    mixer: { attentionType: 'multi_head', useBiasQ: true, useBiasKv: true, useBiasO: false },
    ffn: { activation: 'silu', useGate: true, useBias: false },
    norms: { preMixer: { normType: 'rms_norm', normEps: 1e-6 } },
  });
  expect({ maxSeqLen, tieEmbeddings }).toEqual({ maxSeqLen: 2048, tieEmbeddings: false });
  expect(finalNorm).toEqual(layers[0]?.norms.preMixer);
  expect(ropeTables).toMatchObject({ main: { theta: 10000, scaling: { kind: 'default' } } });
});

test('what the seed’s uniform forgot counts: kind of attention, eps, tied embeddings, RoPE scaling', () => {
  const ropeScaling = { kind: 'linear', factor: 4 } as const;
  const spec = uniformModelSpec({ ...dims, numKvHeads: 2, normEps: 1e-5, tieEmbeddings: true, ropeScaling });
  expect(spec).toMatchObject({
    tieEmbeddings: true,
    finalNorm: { normEps: 1e-5 },
    ropeTables: { main: { scaling: ropeScaling } },
    layers: Array.from({ length: 3 }, () => ({ mixer: { attentionType: 'grouped_query' } })),
  });
});
