import { cpuBackend } from '@tttv2/backend-cpu';
import { knownDevices } from '@tttv2/backend-tt';
import {
  bytesOf,
  countParameters,
  type DeviceSpec,
  DoesNotFitError,
  deviceStorage,
  type HardwareConfig,
  SpecError,
  type UniformOptions,
  UnsupportedHardwareError,
  uniformModelSpec,
} from '@tttv2/spec';
import { stepOf } from '@tttv2/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createModelFactory } from '../model-factory.ts';
import { type PlanOptions, planMemory } from './plan-memory.ts';

function device(name: string): DeviceSpec {
  const found = knownDevices.find((known) => known.name === name);
  if (found === undefined) throw new Error(`no device ${name}`);
  return found;
}

const unbiased = { useBiasQ: false, useBiasKv: false, maxSeqLen: 131072, vocabSize: 128256 };
const llama8b = uniformModelSpec({
  ...{ ...unbiased, numLayers: 32, hiddenDim: 4096, numHeads: 32, numKvHeads: 8, intermediateDim: 14336 },
});
const llama70b = uniformModelSpec({
  ...{ ...unbiased, numLayers: 80, hiddenDim: 8192, numHeads: 64, numKvHeads: 8, intermediateDim: 28672 },
});

test.each([
  [llama8b, 'n150', 'bfloat8_b', 2048, true],
  [llama8b, 'n150', 'bfloat16', 2048, false],
  [llama8b, 'n300', 'bfloat16', 2048, true],
  [llama8b, 'n300', 'bfloat8_b', 2048, true],
  [llama70b, 'n300', 'bfloat8_b', 8192, false],
  [llama70b, 't3k', 'bfloat8_b', 8192, true],
] as const)('case %#: on %s in %s with %i tokens', (spec, name, weightDtype, context, fits) => {
  const start = performance.now();
  const plan = planMemory(spec, device(name), { weightDtype, context, others: knownDevices });
  expect(performance.now() - start).toBeLessThan(1000);
  expect(plan.fits).toBe(fits);
  expect(plan.need.total <= plan.device.memoryBytes).toBe(fits);
});

test('weights and caches of each device are those that the pass cuts', () => {
  const { need, device: planned } = planMemory(llama8b, device('n300'), { weightDtype: 'bfloat8_b', context: 8192 });
  expect(planned).toMatchObject({ devices: 2, tensorParallelSize: 2, memoryBytes: 12e9 });
  const [layer] = need.parts.filter(({ kind }) => kind === 'layers');
  const matrices = 4096 * (4096 + 1024 + 1024 + 4096) + 3 * 4096 * 14336;
  expect(layer?.weights).toBe(bytesOf('bfloat8_b', [matrices / 2]) + bytesOf('bfloat16', [2 * 4096]));
  expect(need.states).toBe(32 * 2 * bytesOf('bfloat16', [8192, 4, 128]));
  const [embedding, head] = [need.parts.at(0), need.parts.at(-1)];
  expect(embedding?.weights).toBe(bytesOf('bfloat16', [128256, 2048]));
  expect(head?.weights).toBe(bytesOf('bfloat8_b', [64128, 4096]) + bytesOf('bfloat16', [4096]));
});

test('what fits says how far it goes, and what does not what would', () => {
  const plan = planMemory(llama8b, device('n150'), { context: 2048, others: knownDevices });
  expect(plan.misfit).toMatchObject({ what: 'weights', part: 'layers', layer: 23 });
  const changes = plan.alternatives.map(({ weightDtype, device: other }) => weightDtype ?? other?.name);
  expect(changes.slice(0, 3)).toEqual(['bfloat8_b', 'bfloat4_b', 'n300']);
  const { largest } = planMemory(llama8b, device('n150'), { context: 2048, weightDtype: 'bfloat8_b' });
  const fits = (context: number, batch = 1) =>
    planMemory(llama8b, device('n150'), { context, batch, weightDtype: 'bfloat8_b' }).fits;
  expect([fits(largest.context), fits(largest.context + 1)]).toEqual([true, false]);
  expect([fits(2048, largest.batch), fits(2048, largest.batch + 1)]).toEqual([true, false]);
});

test('a cache that has no room is named, and a narrower one and a shorter context fit', () => {
  const plan = planMemory(llama8b, device('n150'), { context: 8192, batch: 4, weightDtype: 'bfloat8_b' });
  expect(plan.misfit).toMatchObject({ what: 'states', part: 'layers' });
  expect(plan.alternatives).toContainEqual(expect.objectContaining({ weightDtype: 'bfloat4_b', context: null }));
  const shorter = plan.alternatives.find(({ context }) => context !== null);
  expect(shorter).toMatchObject({ weightDtype: null, kvCacheDtype: null, device: null });
});

test('a model that cannot be cut over all devices of a board is cut over as many as it can', () => {
  const twelve = uniformModelSpec({
    vocabSize: 512,
    hiddenDim: 768,
    numLayers: 2,
    numHeads: 12,
    intermediateDim: 3072,
  });
  const { device: planned } = planMemory(twelve, device('t3k'), { context: 2048 });
  expect(planned).toMatchObject({ devices: 8, tensorParallelSize: 6 });
});

test('KV heads are repeated where there are fewer than devices: a device has one, and no less', () => {
  const states = (name: string) => planMemory(llama70b, device(name), { context: 2048 }).need.states;
  expect(planMemory(llama70b, device('galaxy'), { context: 2048 }).device.tensorParallelSize).toBe(32);
  expect(states('galaxy')).toBe(states('t3k'));
});

test('stages are planned by the fullest of them', () => {
  const plan = (options: Partial<PlanOptions>) => planMemory(llama70b, device('t3k'), { context: 2048, ...options });
  const [cut, staged] = [
    plan({ weightDtype: 'bfloat8_b' }),
    plan({ weightDtype: 'bfloat8_b', pipelineParallelSize: 8 }),
  ];
  expect(staged.device).toMatchObject({ tensorParallelSize: 1, pipelineParallelSize: 8 });
  const layers = staged.need.parts.filter(({ kind }) => kind === 'layers').length;
  expect([9, 10, 11]).toContain(layers);
  expect(Math.abs(staged.need.weights / cut.need.weights - 1)).toBeLessThan(0.15);
  expect(plan({ pipelineParallelSize: 2 }).device).toMatchObject({ tensorParallelSize: 4, pipelineParallelSize: 2 });
  const stagesAndMore = () => plan({ pipelineParallelSize: 4, tensorParallelSize: 4 });
  expect(stagesAndMore).toThrow('4 stages on 4 devices each are 16, but t3k has 8 devices');
});

test.each<[name: string, options: Partial<PlanOptions>, error: unknown]>([
  ['n300', { weightDtype: 'q4_k' }, UnsupportedHardwareError],
  ['n300', { kvCacheDtype: 'q8_0' }, UnsupportedHardwareError],
  ['n300', { tensorParallelSize: 4 }, UnsupportedHardwareError],
  ['t3k', { tensorParallelSize: 3 }, UnsupportedHardwareError],
  ['n300', { pipelineParallelSize: 3 }, UnsupportedHardwareError],
  ['n150', { batch: 33 }, DoesNotFitError],
  ['n150', { precision: { ff2: 'int8' } }, UnsupportedHardwareError],
  ['n150', { precision: { kv_cache: 'q8_0' } }, UnsupportedHardwareError],
])('%s refuses %j', (name, options, error) => {
  expect(() => planMemory(llama8b, device(name), { context: 64, ...options })).toThrow(Object(error));
});

test('a device whose memory is unknown is refused', () => {
  expect(() => planMemory(llama8b, { ...device('n150'), memoryBytes: null }, { context: 64 })).toThrow(SpecError);
});

describe('as the CPU backend allocates', () => {
  const small: UniformOptions = {
    ...{ vocabSize: 512, hiddenDim: 64, numLayers: 3, numHeads: 4, numKvHeads: 2, intermediateDim: 128 },
  };
  const layered = { hiddenDim: 256, headDim: 64, intermediateDim: 512 };
  test.each<[Partial<UniformOptions>, Omit<HardwareConfig, 'deviceType'>]>([
    [{}, {}],
    [{ tieEmbeddings: true }, {}],
    [{ useBias: true, normType: 'layer_norm' }, { weightDtype: 'bfloat16' }],
    [{ tieEmbeddings: true }, { weightDtype: 'int8' }],
    [{ hiddenDim: 96, numHeads: 3, numKvHeads: 1, intermediateDim: 256 }, { weightDtype: 'q4_k' }],
    [{ numLayers: 1 }, { useFlashAttention: true }],
    [{ ...layered, tieEmbeddings: true }, { weightDtype: 'q4_k' }],
    [
      { ...layered, vocabSize: 500 },
      { weightDtype: 'int4', kvCacheDtype: 'q8_0' },
    ],
    [layered, { weightDtype: 'float16', useFlashAttention: false }],
    [
      layered,
      {
        weightDtype: 'bfloat16',
        precision: { ff1_3: 'int4', ff2: 'q4_k', wqkv: 'int8', wo: 'float32', kv_cache: 'q8_0' },
      },
    ],
  ])('%j held as %j', async (options, hardware) => {
    const spec = uniformModelSpec({ ...small, ...options });
    const { weightDtype, kvCacheDtype, useFlashAttention, precision } = hardware;
    const [cpu] = await cpuBackend.devices();
    if (cpu === undefined) throw new Error('there is no processor');
    const { need } = planMemory(spec, cpu, {
      context: 300,
      ...(weightDtype === undefined ? {} : { weightDtype }),
      ...(kvCacheDtype === undefined ? {} : { kvCacheDtype }),
      ...(useFlashAttention === undefined ? {} : { useFlashAttention }),
      ...(typeof precision === 'object' ? { precision } : {}),
      stored: () => 'float32',
      activationBytes: (_, step) => cpuBackend.activationBytes?.(step) ?? null,
    });
    const model = await createModelFactory({ backends: [cpuBackend] }).fromSpec(spec, { device: 'cpu', hardware });
    const state = model.executable.createState({ maxSequences: 1, totalTokens: 300, tokensPerSequence: 300 });
    const step = stepOf(state, [{ slot: 0, ids: Array.from({ length: 300 }, (_, i) => i) }], { logits: [299] });
    await model.executable.run(state, step);
    const { ownWeights, mappedWeights, states, compute } = model.executable.memory();
    expect({ weights: need.weights, states: need.states, activations: need.activations }).toEqual({
      weights: ownWeights + mappedWeights,
      states,
      activations: compute,
    });
    state.dispose();
    await model.dispose();
  });
});

/** Models of several kinds of layers whose heads divide over up to eight devices. */
const models = fc
  .record({
    layers: fc.integer({ min: 1, max: 3 }),
    hidden: fc.integer({ min: 4, max: 16 }),
    kvHeads: fc.constantFrom(1, 2, 4, 8),
    groups: fc.constantFrom(1, 2, 8),
    headDim: fc.constantFrom(32, 64, 80),
    inner: fc.integer({ min: 8, max: 64 }),
    vocab: fc.integer({ min: 33, max: 3000 }),
    tieEmbeddings: fc.boolean(),
  })
  .map(({ layers, hidden, kvHeads, groups, headDim, inner, vocab, tieEmbeddings }) =>
    uniformModelSpec({
      ...{ vocabSize: vocab, hiddenDim: 64 * hidden, numLayers: layers, headDim, tieEmbeddings },
      ...{ numHeads: kvHeads * groups, numKvHeads: kvHeads, intermediateDim: 64 * inner, maxSeqLen: 2 ** 20 },
    }),
  );
const demands = fc.record({ context: fc.integer({ min: 1, max: 5000 }), batch: fc.integer({ min: 1, max: 32 }) });
const types = ['bfloat16', 'bfloat8_b', 'bfloat4_b'] as const;
const n150 = device('n150');

function total(spec: Parameters<typeof planMemory>[0], on: DeviceSpec, options: PlanOptions): number {
  return planMemory(spec, on, options).need.total;
}

describe('whatever the model', () => {
  test('more context or more sequences never need less, and what fits with more fits with fewer', () => {
    fc.assert(
      fc.property(models, demands, fc.nat(500), fc.nat(8), (spec, demand, tokens, sequences) => {
        const more = { context: demand.context + tokens, batch: Math.min(32, demand.batch + sequences) };
        const needed = total(spec, n150, demand);
        expect(total(spec, n150, more)).toBeGreaterThanOrEqual(needed);
        const tight = { ...n150, memoryBytes: total(spec, n150, more) };
        expect(planMemory(spec, tight, demand).fits).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('a wider type never needs less', () => {
    fc.assert(
      fc.property(models, demands, (spec, demand) => {
        const byWeights = types.map((weightDtype) => total(spec, n150, { ...demand, weightDtype }));
        const byCaches = types.map((kvCacheDtype) => total(spec, n150, { ...demand, kvCacheDtype }));
        for (const totals of [byWeights, byCaches]) expect(totals).toEqual(totals.toSorted((a, b) => b - a));
      }),
      { numRuns: 60 },
    );
  });

  test('more devices never need more of each', () => {
    fc.assert(
      fc.property(models, demands, (spec, demand) => {
        const totals = [1, 2, 4, 8].map((count) =>
          total(spec, { ...n150, mesh: [1, count], memoryBytes: count * 12e9 }, demand),
        );
        expect(totals).toEqual(totals.toSorted((a, b) => b - a));
      }),
      { numRuns: 60 },
    );
  });

  test('in one plain type weights take what the model has of them', () => {
    const plain: DeviceSpec = { ...n150, storage: deviceStorage({ weightDtypes: ['bfloat16'] }) };
    fc.assert(
      fc.property(models, (spec) => {
        const { need } = planMemory(spec, plain, { context: 1 });
        expect(need.weights).toBe(bytesOf('bfloat16', [countParameters(spec).total]));
      }),
      { numRuns: 60 },
    );
  });
});
