import { referenceBackend } from '@tttv2/graph';
import { SpecError, UnsupportedHardwareError, uniformModelSpec } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { createModelFactory, createOptimizedModelFactory } from './index.ts';

const factory = createOptimizedModelFactory({ backends: [referenceBackend] });
const spec = uniformModelSpec({
  ...{ vocabSize: 50, hiddenDim: 16, numLayers: 2, numHeads: 2, intermediateDim: 24, maxSeqLen: 16 },
});
const prompt = { promptIds: [1, 2, 3], maxNewTokens: 5 };

test('a model is made for the device and the settings of its hardware configuration', async () => {
  const hardware = { deviceType: 'reference', tensorParallelSize: 2 };
  await using model = await factory.create(spec, hardware, { seed: 3 });
  expect(model.executable.hardware).toMatchObject(hardware);
  await using plain = await createModelFactory({ backends: [referenceBackend] }).fromSpec(spec, {
    device: 'reference',
    seed: 3,
  });
  expect((await model.generate(prompt).result()).ids).toEqual((await plain.generate(prompt).result()).ids);
});

test('what no device honours is refused by name', async () => {
  await expect(factory.create(spec, { deviceType: 'grayskull' })).rejects.toThrow(UnsupportedHardwareError);
  await expect(factory.create(spec, { deviceType: 'reference', threads: 0 })).rejects.toThrow(SpecError);
});

test('the modules that a model names for tests can be tapped', async () => {
  await using model = await factory.create(spec, { deviceType: 'reference' });
  const configs = model.getTestConfigs({ context: 3 });
  expect(configs.map(({ module }) => module)).toEqual([
    ...['layers.0/mixer', 'layers.0/ffn'],
    ...['layers.1/mixer', 'layers.1/ffn'],
  ]);
  const state = model.executable.createState({ maxSequences: 1, totalTokens: 4, tokensPerSequence: 4 });
  const { taps } = await model.executable.run(state, {
    tokens: Int32Array.of(1, 2),
    positions: Int32Array.of(0, 1),
    sequences: [{ slot: 0, from: 0, count: 2 }],
    want: { logits: Int32Array.of(0, 1), taps: configs.map(({ module }) => module) },
  });
  for (const { module } of configs) expect(taps[module]?.shape).toEqual([2, 16]);
  state.dispose();
});
