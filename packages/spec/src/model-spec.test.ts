import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attentionSpec } from './attention-spec.ts';
import { SpecError } from './errors/spec-error.ts';
import { activationTypeSchema, ffnSpec } from './ffn-spec.ts';
import { gatedDeltaSpec } from './gated-delta-spec.ts';
import { layerSpec } from './layer-spec.ts';
import { type ModelSpec, modelSpec, parseModelSpec } from './model-spec.ts';
import { countParameters, kvCacheBytes, recurrentStateBytes } from './quantities.ts';
import type { RopeScaling } from './rope-spec.ts';
import { ssdSpec } from './ssd-spec.ts';
import { type UniformOptions, uniformModelSpec } from './uniform.ts';

const size = fc.integer({ min: 1, max: 5 });
/** Fields that may be left out: a constructor's default takes their place. */
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const flag = optional(fc.boolean());

const scaling = fc.constantFrom<RopeScaling>(
  { kind: 'default' },
  { kind: 'linear', factor: 2 },
  { kind: 'dynamic', factor: 2, originalMaxSeqLen: 64 },
  { kind: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalMaxSeqLen: 64 },
);

const biased = { normType: 'layer_norm', normEps: 1e-5, useBias: true, weight: 'plain' } as const;

const options = fc
  .record({
    vocabSize: size,
    numLayers: size,
    intermediateDim: size,
    kvHeads: size,
    group: size,
    pairs: fc.integer({ min: 2, max: 5 }),
    slidingWindowSize: optional(size),
    rotaryBase: optional(fc.constantFrom(100, 10000, 1e6)),
    useRotary: flag,
    scale: optional(fc.constantFrom(0.5, 1e-3)),
    activation: optional(fc.constantFrom('swish', ...activationTypeSchema.options)),
    ...{ residualScale: optional(fc.constantFrom(0.22, 3)), logitScale: optional(fc.constantFrom(0.0625, 2)) },
    ...{ logitSoftcap: optional(size), softcap: optional(size), clipQkv: optional(size), useBiasHead: flag },
    ...{
      useSinks: flag,
      outputGate: optional(fc.constantFrom('per_number', 'per_head')),
      normWeight: optional(fc.constantFrom('plain', 'one_plus', 'none')),
    },
    normType: optional(fc.constantFrom('rms_norm', 'layer_norm')),
    normEps: optional(fc.constantFrom(1e-5, 1e-12)),
    ropeScaling: optional(scaling),
    ...{
      useBiasQ: flag,
      useBiasKv: flag,
      useBiasO: flag,
      useGate: flag,
      useBias: flag,
      preNorm: flag,
      tieEmbeddings: flag,
    },
  })
  .map(({ kvHeads, group, pairs, ...rest }): UniformOptions => {
    const numHeads = kvHeads * group;
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    const { vocabSize, numLayers, intermediateDim } = rest;
    return {
      ...given,
      vocabSize,
      numLayers,
      intermediateDim,
      hiddenDim: 2 * pairs * numHeads,
      numHeads,
      numKvHeads: kvHeads,
    };
  });

test('a specification survives JSON exactly', () => {
  fc.assert(
    fc.property(options, (given) => {
      const spec = uniformModelSpec(given);
      const text = JSON.stringify(spec);
      const again = parseModelSpec(JSON.parse(text));
      expect(again).toEqual(spec);
      expect(JSON.stringify(again)).toBe(text);
    }),
  );
});

test('what is given is what the specification says', () => {
  fc.assert(
    fc.property(options, (given) => {
      const spec = uniformModelSpec(given);
      expect(spec.layers).toHaveLength(given.numLayers);
      for (const { mixer, ffn, norms } of spec.layers) {
        for (const field of [
          'numHeads',
          'numKvHeads',
          'useBiasQ',
          'useBiasKv',
          'useBiasO',
          'scale',
          'slidingWindowSize',
        ] as const)
          if (given[field] !== undefined) expect(mixer).toHaveProperty(field, given[field]);
        if (given.activation !== undefined)
          expect(ffn).toHaveProperty('activation', given.activation === 'swish' ? 'silu' : given.activation);
        if (given.normEps !== undefined) expect((norms.preMixer ?? norms.postMixer)?.normEps).toBe(given.normEps);
      }
      if (given.tieEmbeddings !== undefined) expect(spec.tieEmbeddings).toBe(given.tieEmbeddings);
      const [rope] = Object.values(spec.ropeTables);
      if (given.ropeScaling !== undefined && given.useRotary !== false)
        expect(rope?.scaling).toEqual(given.ropeScaling);
      if (given.rotaryBase !== undefined && given.useRotary !== false) expect(rope?.theta).toBe(given.rotaryBase);
    }),
  );
});

/** A plain model as the data that a file would hold. */
function plain(): ModelSpec {
  return uniformModelSpec({
    vocabSize: 11,
    hiddenDim: 16,
    numLayers: 2,
    numHeads: 4,
    numKvHeads: 2,
    intermediateDim: 24,
  });
}

/** A copy in which the value at a path of the JSON is another. */
function changed(path: readonly (string | number)[], value: unknown, of: unknown = plain()): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(of) ? [...of] : { ...Object(of) };
  return Object.assign(copy, { [key]: changed(rest, value, Object(of)[key]) });
}

test.each<[at: (string | number)[], value: unknown, path: string, message: RegExp]>([
  [['numLayers'], 3, 'numLayers', /is 3, but there are 2 layers/],
  [['layers', 1, 'mixer', 'numKvHeads'], 3, 'layers.1.mixer.numKvHeads', /4 is not divisible by numKvHeads 3/],
  [['layers', 0, 'mixer', 'attentionType'], 'multi_head', 'layers.0.mixer.attentionType', /is "grouped_query"/],
  [['layers', 0, 'mixer', 'slidingWindowSize'], 8, 'layers.0.mixer.attentionType', /is "sliding_window"/],
  [['layers', 0, 'mixer', 'hiddenDim'], 32, 'layers.0.mixer.hiddenDim', /the model's is 16/],
  [['layers', 0, 'ffn', 'hiddenDim'], 32, 'layers.0.ffn.hiddenDim', /the model's is 16/],
  [['layers', 1, 'mixer', 'rope'], 'other', 'layers.1.mixer.rope', /"other", but ropeTables has main/],
  [['layers', 1, 'mixer', 'rope'], 'constructor', 'layers.1.mixer.rope', /ropeTables has main/],
  [['ropeTables', 'main', 'rotaryDim'], 6, 'layers.0.mixer.rope', /rotates 6 dimensions, but a head has 4/],
  [['ropeTables', 'main', 'rotaryDim'], 3, 'ropeTables.main.rotaryDim', /even/],
  [['ropeTables', 'main', 'scaling'], { kind: 'linear' }, 'ropeTables.main.scaling.factor', /expected number/],
  [['ropeTables', 'main', 'scaling'], { kind: 'ntk' }, 'ropeTables.main.scaling.kind', /./],
  [
    ['ropeTables', 'main', 'scaling'],
    { kind: 'factors', factors: [1], attentionFactor: 1 },
    'ropeTables.main.scaling',
    /1 factors for 2 pairs/,
  ],
  [
    ['ropeTables', 'main', 'scaling'],
    { kind: 'longrope', shortFactors: [1, 1], longFactors: [1, 1, 1], originalMaxSeqLen: 8, attentionFactor: 1 },
    'ropeTables.main.scaling',
    /3 factors for 2 pairs/,
  ],
  [
    ['ropeTables', 'main', 'scaling'],
    { kind: 'dynamic', factor: 2, originalMaxSeqLen: 8 },
    'maxSeqLen',
    /must be null/,
  ],
  [['learnedPositions'], { size: 64 }, 'maxSeqLen', /is 2048, but there are 64 learned positions/],
  [['specVersion'], 2, 'specVersion', /./],
  [['vocabSize'], 0, 'vocabSize', />0/],
  [['layers', 0, 'mixer', 'scale'], Number.NaN, 'layers.0.mixer.scale', /NaN/],
  [['layers', 0, 'mixer', 'kind'], 'recurrent', 'layers.0.mixer.kind', /./],
])('%j = %j is an error at %s', (at, value, path, message) => {
  const parse = () => parseModelSpec(changed(at, value));
  expect(parse).toThrow(SpecError);
  expect(parse).toThrow(message);
  expect(parse).toThrow(expect.objectContaining({ path }));
});

test.each([
  [[]],
  [['layers', 1]],
  [['layers', 0, 'mixer']],
  [['layers', 0, 'ffn']],
  [['layers', 0, 'norms']],
  [['layers', 0, 'norms', 'preMixer']],
  [['finalNorm']],
  [['ropeTables', 'main']],
  [['ropeTables', 'main', 'scaling']],
])('an unknown field at %j is an error that names it', (at) => {
  const parse = () => parseModelSpec(changed([...at, 'numHeadz'], 1));
  expect(parse).toThrow(expect.objectContaining({ path: at.join('.') }));
  expect(parse).toThrow(/numHeadz/);
});

test('a missing field is an error that names it', () => {
  const { vocabSize: _, ...rest } = plain();
  expect(() => parseModelSpec(rest)).toThrow(expect.objectContaining({ path: 'vocabSize' }));
});

test('a specification from before a field says none of it', () => {
  const model = plain();
  const newer = ['embeddingScale', 'embeddingNorm', 'learnedPositions', 'useBiasHead', 'logitScale', 'logitSoftcap'];
  const layers = model.layers.map((layer) => ({
    ...without(layer, ['residual', 'residualScale']),
    ffn: without(Object(layer.ffn), ['innerNorm', 'innerLimit', 'upOffset']),
    mixer: without(Object(layer.mixer), [
      'qkNorm',
      'clipQkv',
      'softcap',
      'useSinks',
      'outputGate',
      'outputNorm',
      'alibiSlopes',
    ]),
  }));
  expect(parseModelSpec({ ...without(model, newer), layers })).toEqual(model);
});

function without(data: object, fields: readonly string[]): object {
  return Object.fromEntries(Object.entries(data).filter(([name]) => !fields.includes(name)));
}

test.each<[Partial<UniformOptions>, string, RegExp]>([
  [{ residual: 'parallel', preNorm: false }, 'postNormOf', /must be "sublayer"/],
  [{ qkNorm: { norm: biased, scope: 'per_head_weights' } }, 'qkNorm.norm.useBias', /no biases/],
  [
    { qkNorm: { norm: { ...biased, useBias: false, weight: 'none' }, scope: 'per_head_weights' } },
    'qkNorm.norm.weight',
    /"plain"/,
  ],
  [{ qkNorm: { norm: biased, scope: 'full_width', order: 'after_rope' } }, 'qkNorm.order', /"before_rope"/],
  [{ embeddingNorm: { ...biased, weight: 'none' } }, 'embeddingNorm.useBias', /must be false/],
  [{ logitSoftcap: 0 }, 'logitSoftcap', />0/],
])('%j is refused at %s', (wrong, path, message) => {
  const base = { vocabSize: 11, hiddenDim: 16, numLayers: 1, numHeads: 4, intermediateDim: 24 };
  const make = () => uniformModelSpec({ ...base, ...wrong });
  expect(make).toThrow(message);
  expect(make).toThrow(expect.objectContaining({ path }));
});

test('layers with equal inline tables share one, others get their own', () => {
  const layerOf = (rotaryBase: number) => {
    const attention = attentionSpec({ hiddenDim: 16, numHeads: 4, rotaryBase });
    return layerSpec({ attention, ffn: ffnSpec({ hiddenDim: 16, intermediateDim: 24 }) });
  };
  const spec = modelSpec({ vocabSize: 11, hiddenDim: 16, layers: [layerOf(100), layerOf(1e6), layerOf(100)] });
  const names = spec.layers.map(({ mixer }) => (mixer?.kind === 'attention' ? mixer.rope : undefined));
  expect(names).toEqual(['main', 'table1', 'main']);
  expect(Object.values(spec.ropeTables).map(({ theta }) => theta)).toEqual([100, 1e6]);
  expect(spec.numLayers).toBe(3);
});

test('without a length, a model has the seed’s, or none where its rotary tables scale to any', () => {
  const base = { vocabSize: 11, hiddenDim: 16, numLayers: 1, numHeads: 4, intermediateDim: 24 };
  expect(plain().maxSeqLen).toBe(2048);
  expect(uniformModelSpec({ ...base, learnedPositions: { size: 64 } }).maxSeqLen).toBe(64);
  const dynamic = { kind: 'dynamic', factor: 2, originalMaxSeqLen: 64 } as const;
  expect(uniformModelSpec({ ...base, ropeScaling: dynamic }).maxSeqLen).toBeNull();
  expect(() => uniformModelSpec({ ...base, ropeScaling: dynamic, maxSeqLen: 64 })).toThrow('must be null');
});

const mamba = { hiddenDim: 16, numHeads: 4, headDim: 8, stateDim: 5, numGroups: 2 };

test('a layer may be a recurrent mixer alone', () => {
  const layer = layerSpec({ mixer: ssdSpec(mamba), ffn: null });
  expect(layer.mixer).toMatchObject({ kind: 'ssd', convWidth: 4, normGroups: 2, useBias: false });
  expect(layer.norms).toMatchObject({ preMixer: { normType: 'rms_norm' }, preFfn: null, postFfn: null });
  const spec = modelSpec({ vocabSize: 11, hiddenDim: 16, layers: [layer, layer], maxSeqLen: null });
  expect(parseModelSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  expect(countParameters(spec).mixers).toBe(2 * ((32 + 52 + 4) * 16 + 5 * 52 + 3 * 4 + 32 + 16 * 32));
  expect([kvCacheBytes(spec, 100, 'float32'), recurrentStateBytes(spec)]).toEqual([0, 2 * 4 * (4 * 8 * 5 + 3 * 52)]);
});

test('a recurrent mixer by the delta rule keeps a state a head, and what its convolutions see', () => {
  const mixer = gatedDeltaSpec({ hiddenDim: 16, numHeads: 6, headDim: 4, numKeyHeads: 2, keyDim: 5 });
  expect(mixer).toMatchObject({ kind: 'gated_delta', convWidth: 4, activation: 'silu', normEps: 1e-6 });
  const layer = layerSpec({ mixer, ffn: null });
  const spec = modelSpec({ vocabSize: 11, hiddenDim: 16, layers: [layer, layer], maxSeqLen: null });
  const channels = 2 * 2 * 5 + 6 * 4;
  expect(countParameters(spec).mixers).toBe(2 * (16 * (channels + 2 * 6 * 4 + 2 * 6) + 4 * channels + 2 * 6 + 4));
  expect([kvCacheBytes(spec, 100, 'float32'), recurrentStateBytes(spec)]).toEqual([
    0,
    2 * 4 * (6 * 4 * 5 + 3 * channels),
  ]);
  expect(() => gatedDeltaSpec({ hiddenDim: 16, numHeads: 6, headDim: 4, numKeyHeads: 4 })).toThrow(
    'numHeads 6 is not divisible by numKeyHeads 4',
  );
});

test.each<[string, () => unknown, RegExp]>([
  ['numGroups', () => ssdSpec({ ...mamba, numGroups: 3 }), /numHeads 4 is not divisible by numGroups 3/],
  ['normGroups', () => ssdSpec({ ...mamba, normGroups: 5 }), /4 heads of 8 are not divisible by normGroups 5/],
  ['minTimeStep', () => ssdSpec({ ...mamba, minTimeStep: 2, maxTimeStep: 1 }), /is 2, above maxTimeStep 1/],
  ['convWidth', () => ssdSpec({ ...mamba, convWidth: 1 }), /./],
])('a recurrent mixer whose %s contradicts others is refused', (path, make, message) => {
  expect(make).toThrow(expect.objectContaining({ path }));
  expect(make).toThrow(message);
});

test('norms around a network that is not there are refused', () => {
  const norm = { normType: 'rms_norm', normEps: 1e-6, useBias: false, weight: 'plain' } as const;
  const norms = { preMixer: norm, postMixer: null, preFfn: norm, postFfn: null };
  expect(() => layerSpec({ mixer: ssdSpec(mamba), ffn: null, norms })).toThrow(
    expect.objectContaining({ path: 'norms.preFfn' }),
  );
});
