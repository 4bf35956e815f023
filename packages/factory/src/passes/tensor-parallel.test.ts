import { buildModel } from '@tttv2/blocks';
import {
  type Backend,
  describeParameters,
  type Executable,
  elementCount,
  type Graph,
  kvCachesOf,
  opTable,
  type Program,
  placesOf,
  referenceBackend,
  shapeOf,
  tapValue,
  validateProgram,
} from '@tttv2/graph';
import {
  attentionSpec,
  ffnSpec,
  gatedDeltaSpec,
  layerSpec,
  type ModelSpec,
  type MoeOptions,
  modelSpec,
  moeSpec,
  type UniformOptions,
  uniformModelSpec,
} from '@tttv2/spec';
import { type FuzzVariant, fuzzCase, maxAbsError, runFuzzCase } from '@tttv2/testing';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../build-program.ts';
import { biased, llama, runProgram, sixteenHeads, weightsOf } from '../testing/sixteen-heads.ts';
import { selectRowsEarly } from './select-rows-early.ts';
import { tensorParallel } from './tensor-parallel.ts';

const reference = { deviceType: 'reference' };

function programOf(spec: ModelSpec, devices: number, backend = referenceBackend): Program {
  return buildProgram(spec, backend, { ...reference, tensorParallelSize: devices });
}

function stageOf({ stages }: Program): Graph {
  const [graph] = stages;
  if (graph === undefined) throw new Error('no stage');
  return graph;
}

describe.each(Object.entries(sixteenHeads))('%s', (_name, options) => {
  const spec = uniformModelSpec(options);
  const whole = runProgram(programOf(spec, 1), spec);

  test.each([2, 4])('over %i devices the logits are those of one', async (devices) => {
    const [one, many] = [await whole, await runProgram(programOf(spec, devices), spec)];
    expect(one.logits.some((value) => Math.abs(value) > 1)).toBe(true);
    expect(maxAbsError(many.logits, one.logits)).toBeLessThan(1e-5);
    // All of it in keys and values together, as on one.
    expect(many.memory.states).toBe(one.memory.states);
  });

  test.each([2, 4])('each of %i devices holds its part alone', (devices) => {
    const graph = stageOf(programOf(spec, devices));
    const { vocabSize, hiddenDim } = spec;
    const table = vocabSize * hiddenDim;
    const head = Math.ceil(vocabSize / devices) * hiddenDim;
    const inLayers = Object.entries(buildModel(spec).parameters).filter(([name]) => !/embedding|lmHead/.test(name));
    // Norms, and biases that are added to sums, are needed whole.
    const expected = inLayers.map(
      ([name, { shape }]) => elementCount(shape) / (/orm\.|(o|down)\.bias/.test(name) ? 1 : devices),
    );
    for (const place of placesOf([1, devices])) {
      const parts = [...describeParameters(graph, weightsOf(spec), place).values()].map(shapeOf);
      expect(sum(parts.map(elementCount))).toBe(table / devices + head + sum(expected));
    }
    for (const [, { numKvHeads, sharding }] of kvCachesOf(graph))
      expect([numKvHeads, sharding?.size]).toEqual([(options.numKvHeads ?? 0) / devices, options.numKvHeads]);
  });

  test('devices meet twice a layer, and around the vocabulary', () => {
    const { nodes } = stageOf(programOf(spec, 4));
    const meetings = nodes.filter(({ op }) => opTable[op].kind === 'collective');
    expect(meetings.map(({ op, scope }) => `${op} ${scope}`)).toEqual([
      'all_gather embedding',
      ...[0, 1].flatMap((i) => [`all_reduce layers.${i}/mixer/o`, `all_reduce layers.${i}/ffn/down`]),
      'all_gather lmHead',
    ]);
  });
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

test('a tied embedding is cut by columns to be looked up, and by rows to be the head', () => {
  const { parameters } = stageOf(programOf(uniformModelSpec({ ...llama, tieEmbeddings: true }), 4));
  expect(parameters['embedding.weight']).toMatchObject({
    shape: [1003, 32],
    sharding: { axis: 1, size: 128 },
    from: null,
  });
  expect(parameters['embedding.weight@rows']).toMatchObject({
    ...{ shape: [251, 128], sharding: { axis: 0, size: 1003 }, from: 'embedding.weight' },
  });
});

test('what does not divide, and need not, stays whole', async () => {
  const spec = uniformModelSpec({ ...llama, hiddenDim: 66, headDim: 8, vocabSize: 1003 });
  const program = programOf(spec, 4);
  expect(stageOf(program).parameters['embedding.weight']?.sharding).toBeNull();
  const [one, many] = [await runProgram(programOf(spec, 1), spec), await runProgram(program, spec)];
  expect(maxAbsError(many.logits, one.logits)).toBeLessThan(1e-5);
});

const qkNorm = { normType: 'rms_norm', normEps: 1e-6, useBias: false, weight: 'plain' } as const;

describe.each<[name: string, options: Partial<UniformOptions>]>([
  ['as llama has them', {}],
  ['with biases', biased],
  ['normalised by one weight', { qkNorm: { norm: qkNorm, scope: 'per_head' } }],
  ['normalised each by its own', { qkNorm: { norm: qkNorm, scope: 'per_head_weights' } }],
  ['bounded', { clipQkv: 0.5 }],
])('few KV heads, %s', (_name, options) => {
  test.each([
    [4, 8],
    [2, 4],
    [2, 8],
    [1, 2],
    [1, 16],
  ])('%i over %i devices are repeated, and the logits are those of one', async (numKvHeads, devices) => {
    const spec = uniformModelSpec({ ...llama, numKvHeads, ...options });
    const program = programOf(spec, devices);
    const [one, many] = [await runProgram(programOf(spec, 1), spec), await runProgram(program, spec)];
    expect(one.logits.some((value) => Math.abs(value) > 1)).toBe(true);
    expect(maxAbsError(many.logits, one.logits)).toBeLessThan(1e-5);
    const [[, cache] = []] = kvCachesOf(stageOf(program));
    expect(cache).toMatchObject({ numKvHeads: 1, sharding: { size: devices } });
    expect(many.memory.states).toBe(one.memory.states * (devices / numKvHeads));
  });
});

test.each<[what: string, options: Partial<UniformOptions>]>([
  ['normalised all together', { qkNorm: { norm: qkNorm, scope: 'full_width' } }],
  ['that are values, too,', { valuesAreKeys: true, vNorm: { ...qkNorm, weight: 'none' } }],
  ['with slopes', { alibiSlopes: Array.from({ length: 16 }, (_, i) => 2 ** (-i / 2)), rope: null }],
])('KV heads %s are not repeated, but give what they give on one', async (_what, options) => {
  const spec = uniformModelSpec({ ...llama, ...options });
  const program = programOf(spec, 8);
  const [one, many] = [await runProgram(programOf(spec, 1), spec), await runProgram(program, spec)];
  expect(maxAbsError(many.logits, one.logits)).toBeLessThan(1e-5);
  expect(kvCachesOf(stageOf(program)).map(([, { numKvHeads }]) => numKvHeads)).toEqual([4, 4]);
});

function ofExperts(options: Partial<MoeOptions> = {}): ModelSpec {
  const ffn = moeSpec({ hiddenDim: 64, numExperts: 6, topK: 2, intermediateDim: 24, ...options });
  const attention = attentionSpec({ hiddenDim: 64, numHeads: 4 });
  return modelSpec({ vocabSize: 1003, hiddenDim: 64, layers: [0, 1].map(() => layerSpec({ attention, ffn })) });
}

describe.each<[name: string, options: Partial<MoeOptions>]>([
  ['experts', {}],
  [
    'experts with norms and scales',
    { norms: { pre: qkNorm, post: qkNorm }, router: { norm: qkNorm, useExpertScale: true } },
  ],
  ['experts of a biased choice', { router: { score: 'sigmoid', useSelectionBias: true, useBias: true } }],
  ['beside a shared one', { shared: { ffn: ffnSpec({ hiddenDim: 64, intermediateDim: 8 }), useGate: true } }],
])('%s', (_name, options) => {
  const spec = ofExperts(options);

  test.each([2, 4])('over %i devices are cut within, and give what they give on one', async (devices) => {
    const program = programOf(spec, devices);
    const [one, many] = [await runProgram(programOf(spec, 1), spec), await runProgram(program, spec)];
    expect(one.logits.some((value) => Math.abs(value) > 1)).toBe(true);
    expect(maxAbsError(many.logits, one.logits)).toBeLessThan(1e-5);
    const { parameters } = stageOf(program);
    const shapes = ['gate', 'up', 'down'].map((name) => parameters[`layers.1.ffn.experts.${name}.weight`]?.shape);
    const inner = 24 / devices;
    expect(shapes).toEqual([
      [6, inner, 64],
      [6, inner, 64],
      [6, 64, inner],
    ]);
  });
});

test.each([2, 4])('linear attention is cut by heads over %i devices, with all that it keeps', async (devices) => {
  const mixer = gatedDeltaSpec({ hiddenDim: 32, numHeads: 8, headDim: 4, numKeyHeads: 4, keyDim: 6 });
  const layer = layerSpec({ mixer, ffn: ffnSpec({ hiddenDim: 32, intermediateDim: 48 }) });
  const spec = modelSpec({ vocabSize: 1003, hiddenDim: 32, layers: [layer, layer], maxSeqLen: null });
  const [one, many] = [await runProgram(programOf(spec, 1), spec), await runProgram(programOf(spec, devices), spec)];
  expect(one.logits.some((value) => Math.abs(value) > 1)).toBe(true);
  expect(maxAbsError(many.logits, one.logits)).toBeLessThan(1e-5);
  expect(many.memory.states).toBe(one.memory.states);
  const { states } = stageOf(programOf(spec, devices));
  expect(states['layers.1.mixer.scan.state']).toEqual({ kind: 'recurrent', shape: [8 / devices, 4, 6] });
  expect(states['layers.1.mixer.conv.v.past']).toEqual({ kind: 'recurrent', shape: [3, 32 / devices] });
});

test.each([2, 4])('of the biases of what experts give, each of %i devices adds its share', async (devices) => {
  const spec = ofExperts({ useBias: true, router: { score: 'softmax', useSelectionBias: true } });
  const program = programOf(spec, devices);
  const { parameters } = stageOf(program);
  expect(parameters['layers.0.ffn.experts.gate.bias']?.shape).toEqual([6, 24 / devices]);
  expect(parameters['layers.0.ffn.experts.down.bias']).toMatchObject({
    shape: [6, 64],
    affine: { scale: 1 / devices },
  });
  const [one, many] = [await runProgram(programOf(spec, 1), spec), await runProgram(program, spec)];
  expect(maxAbsError(many.logits, one.logits)).toBeLessThan(1e-5);
});

test('experts that do not divide are refused by name', () => {
  const message = 'an intermediate size of 24 cannot be cut over 16 devices';
  const spec = ofExperts();
  const attention = attentionSpec({ hiddenDim: 64, numHeads: 16 });
  const wide = modelSpec({ ...spec, layers: spec.layers.map(({ ffn }) => layerSpec({ attention, ffn })) });
  expect(() => programOf(wide, 16)).toThrow(message);
});

test('rows are selected before or after, as one likes, and ops taken apart after', async () => {
  const spec = uniformModelSpec(llama);
  const { logits } = await runProgram(programOf(spec, 1), spec);
  const graph = buildModel(spec);
  const inParts: Backend = {
    ...referenceBackend,
    supports: ({ op }) => ({ kind: opTable[op].kind === 'composite' ? 'decompose' : 'native' }),
  };
  const stages = [selectRowsEarly(tensorParallel(graph, 4)), stageOf(programOf(spec, 4, inParts))];
  expect(stages[1]?.nodes.some(({ op }) => op === 'linear' || op === 'rotary')).toBe(false);
  for (const stage of stages) {
    const many = await runProgram({ mesh: [1, 4], stages: [stage] }, spec);
    expect(maxAbsError(many.logits, logits)).toBeLessThan(1e-5);
  }
});

test.each<[options: Partial<UniformOptions>, devices: number, message: string]>([
  [
    { numHeads: 28, numKvHeads: 4, hiddenDim: 56 },
    8,
    'reference: 28 heads cannot be cut over 8 devices; 28 heads, 4 KV heads and an intermediate size of 96 allow 2 or 4',
  ],
  [
    { numHeads: 12, numKvHeads: 4, headDim: 8 },
    6,
    '4 KV heads cannot be cut over 6 devices; 12 heads, 4 KV heads and an intermediate size of 96 allow 2, 4 or 12',
  ],
  [
    { intermediateDim: 90 },
    4,
    'an intermediate size of 90 cannot be cut over 4 devices; 16 heads, 4 KV heads and an intermediate size of 90 allow 2',
  ],
  [
    { numHeads: 9, numKvHeads: 3, hiddenDim: 36, intermediateDim: 8 },
    2,
    '9 heads cannot be cut over 2 devices; 9 heads, 3 KV heads and an intermediate size of 8 allow only 1',
  ],
])('%j over %i devices is refused by name', (options, devices, message) => {
  const spec = uniformModelSpec({ ...llama, ...options });
  const refusal = {
    code: 'TTT_UNSUPPORTED_HARDWARE',
    field: 'tensorParallelSize',
    message: expect.stringContaining(message),
  };
  expect(() => programOf(spec, devices)).toThrow(expect.objectContaining(refusal));
});

/** The reference, which cuts every graph that it is given. */
function cutting(devices: number): Backend {
  return {
    ...referenceBackend,
    async compile({ stages }, ...rest): Promise<Executable> {
      const program = validateProgram({
        mesh: [1, devices],
        stages: stages.map((graph) => tensorParallel(graph, devices)),
      });
      const executable = await referenceBackend.compile(program, ...rest);
      return {
        ...{ mode: executable.mode, limits: executable.limits, hardware: executable.hardware },
        positionAxes: executable.positionAxes,
        createState: (options) => executable.createState(options),
        // What lies in parts cannot be tapped.
        run: (state, step) =>
          executable.run(state, {
            ...step,
            want: {
              ...step.want,
              taps: step.want.taps?.filter((scope) => isWhole(stageOf(program), scope, devices)) ?? [],
            },
          }),
        memory: () => executable.memory(),
        dispose: () => executable.dispose(),
      };
    },
  };
}

function isWhole(graph: Graph, scope: string, devices: number): boolean {
  try {
    return tapValue(graph, scope, [1, devices]) !== '';
  } catch {
    return false;
  }
}

test.each([2, 3])('whatever the graph, over %i devices it is valid and computes the same', async (devices) => {
  const plain: FuzzVariant = { hardware: reference, stored: [null], cacheStored: [null], tolerance: 1e-6 };
  let compared = 0;
  let cutAttentions = 0;
  for (let seed = 0; seed < 60; seed++) {
    const one = fuzzCase(seed, [plain]);
    if ((await runFuzzCase(cutting(devices), one)) === 'compared') compared++;
    const caches = kvCachesOf(tensorParallel(one.graph, devices));
    cutAttentions += caches.filter(([, { sharding }]) => sharding !== null).length;
  }
  expect(compared).toBeGreaterThan(30);
  expect(cutAttentions).toBeGreaterThan(3);
});
