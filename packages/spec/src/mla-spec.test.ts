import { expect, test } from 'vitest';
import { ffnSpec } from './ffn-spec.ts';
import { layerSpec } from './layer-spec.ts';
import { type MlaOptions, mlaSpec, type SelectionSpec } from './mla-spec.ts';
import { modelSpec, parseModelSpec } from './model-spec.ts';
import { countParameters, flopsPerToken, kvCacheBytes } from './quantities.ts';

const dims = { hiddenDim: 64, numHeads: 4, kvLoraRank: 24, qkNopeHeadDim: 16, qkRopeHeadDim: 8, vHeadDim: 12 };
const modelOf = (options: Partial<MlaOptions> = {}) =>
  modelSpec({
    vocabSize: 10,
    hiddenDim: 64,
    layers: [
      layerSpec({
        attention: mlaSpec({ ...dims, ...options }),
        ffn: ffnSpec({ hiddenDim: 64, intermediateDim: 96 }),
      }),
    ],
  });

test('queries come from the input at once, latents are RMS-normalised, and only the positions’ dimensions turn', () => {
  expect(mlaSpec({ ...dims, rotaryBase: 500 })).toEqual({
    kind: 'mla',
    ...dims,
    qLoraRank: null,
    scale: 24 ** -0.5,
    latentNorm: { normType: 'rms_norm', normEps: 1e-6, useBias: false, weight: 'plain' },
    useBias: false,
    selection: null,
    rope: { theta: 500, rotaryDim: 8, layout: 'half', scaling: { kind: 'default' } },
  });
});

const own = { kind: 'own', numHeads: 2, headDim: 8, topK: 4, layout: 'half', normEps: 1e-6 } as const;

test('a selection takes the latent of queries, and dimensions that turn; a shared one takes a layer before', () => {
  const select = (options: object) => () => mlaSpec({ ...dims, qLoraRank: 16, selection: own, ...options });
  expect(select({})()).toMatchObject({ selection: own });
  expect(select({ qLoraRank: null })).toThrow('is null, but the queries of the selection are made of that latent');
  expect(select({ selection: { ...own, headDim: 6 } })).toThrow('is 6, but 8 dimensions turn');
  const layer = (selection: SelectionSpec) =>
    layerSpec({ attention: mlaSpec({ ...dims, qLoraRank: 16, selection }), ffn: null });
  const of = (...layers: ReturnType<typeof layer>[]) => modelSpec({ vocabSize: 8, hiddenDim: 64, layers });
  const [selecting, sharing] = [layer(own), layer({ kind: 'shared', topK: 4 })];
  expect(() => of(sharing, selecting)).toThrow('is shared, but no layer before selects tokens');
  expect(() => of(selecting, layer({ kind: 'shared', topK: 3 }))).toThrow(
    'is of 3 tokens, but the layer before selects 4',
  );
  const model = of(selecting, sharing);
  expect(parseModelSpec(JSON.parse(JSON.stringify(model)))).toEqual(model);
  const plain = of(...[1, 2].map(() => layerSpec({ attention: mlaSpec({ ...dims, qLoraRank: 16 }), ffn: null })));
  expect(kvCacheBytes(model, 10, 'float32') - kvCacheBytes(plain, 10, 'float32')).toBe(10 * 8 * 4);
  expect(countParameters(model).total - countParameters(plain).total).toBe(16 * 2 * 8 + 64 * (8 + 2) + 2 * 8);
  // Two operations for each weight and each number of a key that is compared; what is not selected is not multiplied.
  const keys = (seen: number) => 2 * 2 * seen * dims.numHeads * (24 + dims.vHeadDim);
  expect(flopsPerToken(model, 9) - flopsPerToken(plain, 9)).toBe(
    2 * (16 * 2 * 8 + 64 * (8 + 2)) + 2 * 10 * 2 * 8 + keys(4) - keys(10),
  );
});

test('its JSON reads back as it was, the rotary table named', () => {
  for (const options of [{}, { qLoraRank: 32, useBias: true, scale: 0.1 }, { rope: null }]) {
    const model = modelOf(options);
    expect(parseModelSpec(JSON.parse(JSON.stringify(model)))).toEqual(model);
  }
  expect(modelOf().layers[0]?.mixer).toMatchObject({ kind: 'mla', rope: 'main' });
});

test.each([
  [{ vHeadDim: 25 }, 'vHeadDim', 'is 25, but keys are 24 wide'],
  [{ kvLoraRank: 0 }, 'kvLoraRank', '>0'],
  [{ qkRopeHeadDim: 7, rotaryBase: 10 }, 'rope.rotaryDim', 'even'],
])('%o is refused at %s', (wrong, path, message) => {
  const make = () => mlaSpec({ ...dims, ...wrong });
  expect(make).toThrow(message);
  expect(make).toThrow(expect.objectContaining({ path }));
});

test('a table for more dimensions than turn is refused', () => {
  const rope = { theta: 100, rotaryDim: 16, layout: 'half', scaling: { kind: 'default' } } as const;
  expect(() => modelOf({ rope })).toThrow('rotates 16 dimensions, but a head has 8');
});

/** 671B is what the paper says of the whole (arXiv:2412.19437); its attention is 187.1M a layer by its own widths. */
test('parameters of an attention of DeepSeek V3', () => {
  const options = {
    ...{ hiddenDim: 7168, numHeads: 128, qLoraRank: 1536, kvLoraRank: 512 },
    ...{ qkNopeHeadDim: 128, qkRopeHeadDim: 64, vHeadDim: 128 },
  };
  const layer = layerSpec({ attention: mlaSpec(options), ffn: ffnSpec({ hiddenDim: 7168, intermediateDim: 18432 }) });
  const model = modelSpec({ vocabSize: 129280, hiddenDim: 7168, layers: [layer] });
  expect(countParameters(model).mixers).toBe(187_107_328);
});

test('biases, cache and operations', () => {
  const [bare, biased] = [modelOf({ qLoraRank: 32 }), modelOf({ qLoraRank: 32, useBias: true })];
  const weights = 64 * 32 + 32 * 96 + 64 * 32 + 24 * 4 * 28 + 48 * 64;
  expect(countParameters(bare).mixers).toBe(weights + 32 + 24);
  expect(countParameters(biased).mixers - countParameters(bare).mixers).toBe(32 + 32 + 64);
  expect(countParameters(modelOf()).mixers).toBe(weights - (64 * 32 + 32 * 96) + 64 * 96 + 24);
  // Keys and values of all heads, values as wide as keys.
  expect(kvCacheBytes(bare, 10, 'float32')).toBe(4 * 10 * 2 * 4 * 24);
  const rest = 2 * (3 * 64 * 96 + 640);
  expect(flopsPerToken(bare, 0)).toBe(rest + 2 * weights + 2 * 4 * (24 + 12));
  expect(flopsPerToken(bare, 9) - flopsPerToken(bare, 0)).toBe(9 * 2 * 4 * (24 + 12));
});
