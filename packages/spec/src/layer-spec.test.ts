import { expect, test } from 'vitest';
import { attentionSpec } from './attention-spec.ts';
import { ffnSpec } from './ffn-spec.ts';
import { type LayerShapeOptions, layerSpec } from './layer-spec.ts';

const attention = attentionSpec({ hiddenDim: 8, numHeads: 2 });
const ffn = ffnSpec({ hiddenDim: 8, intermediateDim: 24 });
const norm = { normType: 'rms_norm', normEps: 1e-6, useBias: false, weight: 'plain' };

test('the seed’s defaults of a layer: RMS norms before the sublayers', () => {
  expect(layerSpec({ attention, ffn })).toEqual({
    mixer: attention,
    ffn,
    norms: { preMixer: norm, postMixer: null, preFfn: norm, postFfn: null },
    postNormOf: 'sublayer',
    residual: 'sequential',
    residualScale: 1,
    useOutputScale: false,
  });
});

test('without pre-norms, norms stand after the sums, as in the first transformers', () => {
  expect(layerSpec({ attention, ffn, preNorm: false })).toMatchObject({
    norms: { preMixer: null, postMixer: norm, preFfn: null, postFfn: norm },
    postNormOf: 'residual',
  });
});

test.each<[Omit<LayerShapeOptions, 'ffn'>, object]>([
  [{ normType: 'layer_norm', normEps: 1e-5 }, { norms: { preMixer: { useBias: true, normEps: 1e-5 } } }],
  [{ normType: 'layer_norm', normWeight: 'none' }, { norms: { preFfn: { useBias: false, weight: 'none' } } }],
  [{ postNorm: true }, { norms: { preMixer: norm, postMixer: norm, preFfn: norm, postFfn: norm } }],
  [{ residual: 'parallel' }, { norms: { preMixer: norm, preFfn: null }, residual: 'parallel' }],
  [{ residualScale: 0.22 }, { residualScale: 0.22 }],
])('a layer of %j', (options, expected) => {
  expect(layerSpec({ attention, ffn, ...options })).toMatchObject(expected);
});

test('a layer of one sublayer has its norms alone; one of none is refused', () => {
  const none = { preMixer: null, postMixer: null, preFfn: null, postFfn: null };
  expect(layerSpec({ attention, ffn: null }).norms).toEqual({ ...none, preMixer: norm });
  expect(layerSpec({ mixer: null, ffn, postNorm: true }).norms).toEqual({ ...none, preFfn: norm, postFfn: norm });
  expect(() => layerSpec({ mixer: null, ffn: null })).toThrow('mixer: must not be null: there is no ffn either');
  const misplaced = { ...none, ...layerSpec({ attention, ffn }).norms };
  expect(() => layerSpec({ mixer: null, ffn, norms: misplaced })).toThrow(
    'norms.preMixer: must be null: there is no mixer',
  );
});
