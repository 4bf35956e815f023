import { buildModel } from '@tttv2/blocks';
import { referenceBackend, type WeightSource } from '@tttv2/graph';
import { bytesOf, type DeviceSpec, DoesNotFitError, deviceStorage, uniformModelSpec } from '@tttv2/spec';
import { expect, test, vi } from 'vitest';
import { buildProgram } from '../build-program.ts';
import { createModelFactory } from '../model-factory.ts';
import { randomWeightSource } from '../random-weight-source.ts';
import { checkMemory } from './check-memory.ts';

const spec = uniformModelSpec({
  ...{ vocabSize: 512, hiddenDim: 64, numLayers: 2, numHeads: 4, intermediateDim: 128 },
});
const random = randomWeightSource(spec, 0);
const storage = deviceStorage({
  ...{ weightDtypes: ['float32', 'int8'], weightDtype: null, vectorDtype: 'float32', mapsFiles: true },
  ...{ kvCacheDtype: { exact: 'float32', fast: 'float16' } },
});
const device: DeviceSpec = {
  ...{ name: 'small', description: 'a small one', cores: 1, bandwidth: null, mesh: [1, 2], storage },
  memoryBytes: 2 * 300_000,
};

/** Every parameter as float32 in a file. */
function inFile(path: string | null): WeightSource {
  const { parameters } = buildModel(spec);
  return {
    files: new Map([['model', { size: 1e9, path, read: async () => new Uint8Array() }]]),
    names: () => Object.keys(parameters),
    describe(name) {
      const shape = parameters[name]?.shape ?? [];
      return { kind: 'stored', file: 'model', offset: 0, bytes: bytesOf('float32', shape), dtype: 'float32', shape };
    },
    close: async () => {},
  };
}

const programOf = (hardware: object) => buildProgram(spec, referenceBackend, { deviceType: 'reference', ...hardware });
const check =
  (hardware: object, weights: WeightSource, on = device) =>
  () =>
    checkMemory(spec, on, { deviceType: on.name, ...hardware }, { program: programOf(hardware), weights });

test('what has no room is refused with what would have', () => {
  expect(check({}, random)).toThrow(DoesNotFitError);
  expect(check({}, random)).toThrow(/small: the model takes \d+ bytes, but there are 300000: .*weightDtype "int8"/);
  expect(check({}, inFile(null))).toThrow(DoesNotFitError);
});

test('what fits is let through: narrower, cut over devices, or where memory is not known', () => {
  expect(check({ weightDtype: 'int8' }, random)).not.toThrow();
  expect(check({}, random, { ...device, memoryBytes: 2e6 })).not.toThrow();
  expect(check({}, random, { ...device, memoryBytes: null })).not.toThrow();
});

test('weights that may stay in their file are let through, whatever their size', () => {
  expect(check({}, inFile('/model'))).not.toThrow();
  expect(check({ weightDtype: 'float32' }, inFile('/model'))).not.toThrow();
  expect(check({}, inFile('/model'), { ...device, storage: { ...storage, mapsFiles: false } })).toThrow(
    DoesNotFitError,
  );
});

test('a factory refuses it before the backend is asked to place anything', async () => {
  const compile = vi.fn(referenceBackend.compile);
  const backend = { ...referenceBackend, compile, devices: async () => [device] };
  const loading = createModelFactory({ backends: [backend] }).fromSpec(spec, { device: 'small' });
  await expect(loading).rejects.toMatchObject({ code: 'TTT_DOES_NOT_FIT', available: 300_000, unit: 'bytes' });
  expect(compile).not.toHaveBeenCalled();
});
