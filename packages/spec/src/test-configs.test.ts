import { expect, test } from 'vitest';
import { attentionSpec } from './attention-spec.ts';
import { ffnSpec } from './ffn-spec.ts';
import { layerSpec } from './layer-spec.ts';
import { mlaSpec } from './mla-spec.ts';
import { modelSpec } from './model-spec.ts';
import { moeSpec } from './moe-spec.ts';
import { countParameters, flopsPerToken } from './quantities.ts';
import { testConfigs } from './test-configs.ts';

const dims = { hiddenDim: 8, numHeads: 2 };
const latent = mlaSpec({ ...dims, kvLoraRank: 3, qkNopeHeadDim: 2, qkRopeHeadDim: 2, vHeadDim: 2 });
const model = modelSpec({
  vocabSize: 10,
  hiddenDim: 8,
  layers: [
    layerSpec({ attention: attentionSpec(dims), ffn: ffnSpec({ hiddenDim: 8, intermediateDim: 12 }) }),
    layerSpec({
      attention: latent,
      ffn: moeSpec({ hiddenDim: 8, numExperts: 4, topK: 2, intermediateDim: 6 }),
    }),
  ],
});

test('every mixer and network of a model is one, by its scope', () => {
  expect(testConfigs(model).map(({ module, kind }) => [module, kind])).toEqual([
    ['layers.0/mixer', 'attention'],
    ['layers.0/ffn', 'dense'],
    ['layers.1/mixer', 'mla'],
    ['layers.1/ffn', 'moe'],
  ]);
});

test('together they are what the model takes without its head and norms', () => {
  const sum = (field: 'parameters' | 'flops') =>
    testConfigs(model, { context: 5 }).reduce((total, one) => total + one[field], 0);
  const { mixers, ffns } = countParameters(model);
  expect(sum('parameters')).toBe(mixers + ffns);
  expect(sum('flops')).toBe(flopsPerToken(model, 5) - 2 * 10 * 8);
});

test('the latency is that of what a device does slower: computing, or reading weights', () => {
  const ffnOf = (flopsPerSecond: number, bytesPerSecond: number) =>
    testConfigs(model, { speed: { flopsPerSecond, bytesPerSecond, bytesPerWeight: 2 } })[1]?.expectedLatency;
  expect(testConfigs(model)[1]?.expectedLatency).toBeNull();
  expect(ffnOf(1000, 1e9)).toBeCloseTo(2 * 3 * 8 * 12);
  expect(ffnOf(1e9, 1000)).toBeCloseTo(2 * 3 * 8 * 12);
  expect(ffnOf(1e9, 2000)).toBeCloseTo(3 * 8 * 12);
});
