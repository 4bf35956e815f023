import { type Backend, referenceBackend } from '@tttv2/graph';
import type { ModelFiles } from '@tttv2/hf';
import { localFiles } from '@tttv2/hf/node';
import {
  CheckpointError,
  DoesNotFitError,
  type HardwareConfig,
  SpecError,
  UnsupportedHardwareError,
  UnsupportedModelError,
  uniformModelSpec,
} from '@tttv2/spec';
import { expect, test } from 'vitest';
import { createModelFactory, type ModelProgress, type OpenFilesOptions } from './index.node.ts';
import { createModelFactory as createAnywhere } from './index.ts';
import { goldenCheckpoint } from './testing/golden.ts';

const factory = createModelFactory({ backends: [referenceBackend] });
const spec = uniformModelSpec({
  vocabSize: 50,
  hiddenDim: 16,
  numLayers: 2,
  numHeads: 2,
  intermediateDim: 24,
  maxSeqLen: 16,
});
const device = 'reference';

test('a specification alone is a model, its random weights those of the seed', async () => {
  const ids = async (seed: number) => {
    await using model = await factory.fromSpec(spec, { device, seed });
    expect(model.origin).toEqual({ kind: 'random', seed });
    return (await model.generate({ promptIds: [1, 2, 3], maxNewTokens: 5 }).result()).ids;
  };
  expect(await ids(1)).toEqual(await ids(1));
  expect(await ids(1)).not.toEqual(await ids(2));
});

test('a configuration becomes a specification', () => {
  const { layers, vocabSize } = factory.fromHuggingFace({ model_type: 'llama', num_hidden_layers: 3 });
  expect([layers.length, vocabSize]).toEqual([3, 32000]);
  expect(() => factory.fromHuggingFace({ model_type: 'lama' })).toThrow(UnsupportedModelError);
});

test('a specification from elsewhere is checked', async () => {
  await expect(factory.fromSpec({ ...spec, numLayers: 3 }, { device })).rejects.toThrow(SpecError);
});

test('a device that is not there is refused, and those that are are named', async () => {
  const loading = factory.load('nowhere', { device: 'n150' });
  await expect(loading).rejects.toThrow(UnsupportedHardwareError);
  await expect(loading).rejects.toThrow('there is no device "n150" here; there is reference');
});

test('a backend that is older than the graph is refused', async () => {
  const old: Backend = { ...referenceBackend, opset: 0 };
  await expect(createModelFactory({ backends: [old] }).fromSpec(spec, { device })).rejects.toThrow(
    'update its package',
  );
});

test('a model that is cut over devices generates what it does on one', async () => {
  const ids = async (tensorParallelSize: number, pipelineParallelSize: number) => {
    await using model = await factory.fromSpec(spec, {
      device,
      hardware: { tensorParallelSize, pipelineParallelSize },
    });
    return (await model.generate({ promptIds: [1, 2, 3], maxNewTokens: 5 }).result()).ids;
  };
  const onOne = await ids(1, 1);
  expect(await ids(2, 1)).toEqual(onOne);
  expect(await ids(1, 2)).toEqual(onOne);
  expect(await ids(2, 2)).toEqual(onOne);
});

test.each<[mesh: [number, number], hardware: Omit<HardwareConfig, 'deviceType'>, field: string, message: string]>([
  [
    [1, 1],
    { tensorParallelSize: 3 },
    'tensorParallelSize',
    'tensorParallelSize is 3, but reference is one device: use 1',
  ],
  [
    [1, 1],
    { pipelineParallelSize: 2 },
    'pipelineParallelSize',
    'pipelineParallelSize is 2, but reference is one device: use 1',
  ],
  [
    [1, 4],
    { tensorParallelSize: 4, pipelineParallelSize: 2 },
    'pipelineParallelSize',
    '2 stages on 4 devices each are 8, but reference has 4 devices: use a product of pipelineParallelSize and tensorParallelSize of up to 4',
  ],
])('on a mesh of %j, %j is refused by name, before anything is built', async (mesh, hardware, field, message) => {
  const small: Backend = {
    ...referenceBackend,
    devices: async () => (await referenceBackend.devices()).map((found) => ({ ...found, mesh })),
    supports: () => {
      throw new Error('nobody should ask');
    },
  };
  const loading = createModelFactory({ backends: [small] }).fromSpec(spec, { device, hardware });
  await expect(loading).rejects.toThrow(expect.objectContaining({ field, message: `reference: ${message}` }));
});

test('a hardware setting with a wrong value is refused by name', async () => {
  await expect(factory.fromSpec(spec, { device, hardware: { threads: 0 } })).rejects.toThrow('threads');
});

test('what is not a model, a folder or a file is refused', async () => {
  await expect(factory.load('./nowhere', { device })).rejects.toThrow(CheckpointError);
  await expect(createAnywhere({ backends: [referenceBackend] }).load('x', { device })).rejects.toThrow('openFiles');
});

/** A factory over files of which it tells the names of those that are open; they come as from the hub. */
function watchedFactory() {
  const open = new Set<string>();
  const openFiles = async (path: string, { onDownload }: OpenFilesOptions): Promise<ModelFiles> => {
    onDownload?.({ file: 'model.safetensors', bytes: 5, totalBytes: 10 });
    const files = await localFiles(path);
    return {
      ...files,
      async open(name) {
        const file = await files.open(name);
        open.add(name);
        const close = async () => {
          open.delete(name);
          await file.close();
        };
        // Methods of a class are not spread.
        return { size: file.size, path: file.path, read: file.read.bind(file), close };
      },
    };
  };
  return { open, factory: createModelFactory({ backends: [referenceBackend], openFiles }) };
}

test('a model that is loaded tells its progress, and leaves nothing behind its block', async () => {
  await using checkpoint = await goldenCheckpoint('llama');
  const { factory, open } = watchedFactory();
  const told: ModelProgress[] = [];
  const useAndLeave = async () => {
    await using model = await checkpoint.load(factory, { device, onProgress: (progress) => told.push(progress) });
    expect((await model.generate({ promptIds: [1], maxNewTokens: 1 }).result()).ids).toHaveLength(1);
    expect([...open]).toEqual(['model.safetensors']);
    return model;
  };
  const model = await useAndLeave();
  expect(told[0]).toEqual({ stage: 'download', loadedBytes: 5, totalBytes: 10, remainingMs: null });
  const last = told.at(-1);
  expect(last).toMatchObject({ stage: 'place', loadedBytes: last?.totalBytes, remainingMs: 0 });
  expect([...open]).toEqual([]);
  await expect(model.generate({ promptIds: [1] }).result()).rejects.toThrow('disposed');
});

test('a load that is aborted leaves nothing open', async () => {
  await using checkpoint = await goldenCheckpoint('llama');
  const { factory, open } = watchedFactory();
  const controller = new AbortController();
  const onProgress = ({ stage }: ModelProgress) => stage === 'place' && controller.abort(new Error('never mind'));
  const loading = checkpoint.load(factory, { device, onProgress, signal: controller.signal });
  await expect(loading).rejects.toThrow('never mind');
  expect([...open]).toEqual([]);
});

test('a prompt beyond the context is refused, text without a tokenizer too', async () => {
  await using model = await factory.fromSpec(spec, { device });
  const long = Array.from({ length: 16 }, () => 1);
  await expect(model.generate({ promptIds: long }).result()).rejects.toThrow(DoesNotFitError);
  expect(() => model.generate({ prompt: 'hello' })).toThrow('has no tokenizer');
  expect(() => model.generate({ messages: [] })).toThrow('has no tokenizer');
});
