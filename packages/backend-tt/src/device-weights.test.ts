import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { type FloatTensor, GraphBuilder, readFloats, type WeightSource } from '@tttv2/graph';
import { WeightMismatchError } from '@tttv2/spec';
import { memoryWeights } from '@tttv2/testing';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { asMatrix, asPlain, type DeviceParameter } from './device-parameter.ts';
import { describeWeights } from './device-weights.ts';

vi.mock('node:os', async (original) => {
  const [os, fs] = [await original<typeof import('node:os')>(), await import('node:fs')];
  const folder = fs.mkdtempSync(`${os.tmpdir()}/tttv2-device-weights-`);
  return { ...os, tmpdir: () => folder };
});

afterAll(() => rm(tmpdir(), { recursive: true }));
const leftBehind = () => readdir(tmpdir());
beforeEach(async () => expect(await leftBehind()).toEqual([]));
afterEach(async () => expect(await leftBehind()).toEqual([]));

const builder = new GraphBuilder('g');
builder.parameter('a', [2, 3]);
builder.parameter('b', [1, 3]);
const graph = builder.build({});

function tensor(shape: number[], from: number): FloatTensor {
  const data = Float32Array.from({ length: shape.reduce((product, dim) => product * dim, 1) }, (_, i) => from + i);
  return { dtype: 'float32', shape, data };
}
const weights = memoryWeights({ a: tensor([2, 3], 1), b: tensor([1, 3], 10), unused: tensor([4], 0) });

function parameter(name: string, shape: number[], content: DeviceParameter['content']): DeviceParameter {
  return { name, shape, dtype: 'bfloat16', layout: 'tile', content };
}
const joined = parameter('ab', [3, 3], { kind: 'made', from: ['a', 'b'], make: asMatrix });
const numbers = (name: string, data: number[]) => parameter(name, [1, 1, 1, data.length], { kind: 'numbers', data });

/** A checkpoint of the files that were named to the host. */
async function asHost(files: readonly { name: string; path: string }[]): Promise<WeightSource> {
  const contents = await Promise.all(files.map(async ({ name, path }) => [name, await readFile(path)] as const));
  return {
    ...weights,
    files: new Map(
      contents.map(([name, bytes]) => [
        name,
        { size: bytes.length, path: null, read: async (offset, length) => bytes.subarray(offset, offset + length) },
      ]),
    ),
  };
}

test('weights in memory are written down, and removed', async () => {
  const { parameters, files, dispose } = await describeWeights(graph, [joined], weights);
  const source = await asHost(files);
  const read = await Promise.all(
    parameters.map(async ({ name, expr }) => [name, [...(await readFloats(source, expr))]]),
  );
  expect(read).toEqual([['ab', [1, 4, 10, 2, 5, 11, 3, 6, 12]]]);
  expect(files.map(({ name }) => name)).toEqual(['a', 'b']);
  await dispose();
  for (const { path } of files) await expect(readFile(path)).rejects.toThrow('ENOENT');
});

test('numbers of the program go as they are, however many', async () => {
  const many = Array.from({ length: 300_000 }, (_, i) => i);
  const all = [numbers('few', [0.5, -1]), joined, numbers('many', many)];
  const { parameters, arrays, dispose } = await describeWeights(graph, all, weights);
  expect(parameters.map(({ name }) => name)).toEqual(['ab']);
  expect(arrays).toEqual({
    few: { dtype: 'float32', shape: [1, 1, 1, 2], data: Float32Array.of(0.5, -1) },
    many: { dtype: 'float32', shape: [1, 1, 1, 300_000], data: Float32Array.from(many) },
  });
  await dispose();
});

test('files that lie in a file system are named where they lie; those that nothing needs are not', async () => {
  const file = { size: 24, path: '/checkpoint/a.safetensors', read: () => Promise.reject(new Error('not to be read')) };
  const source = {
    ...weights,
    files: new Map([
      ['a', file],
      ['unused', file],
    ]),
  };
  const only = parameter('a', [1, 1, 2, 3], { kind: 'made', from: ['a'], make: asPlain });
  const { files, dispose } = await describeWeights(graph, [only], source);
  expect(files).toEqual([{ name: 'a', path: '/checkpoint/a.safetensors' }]);
  await dispose();
});

test('a large file is copied piece by piece, whole', async () => {
  const size = 2 ** 24 + 5;
  const lengths: number[] = [];
  const file = {
    size,
    path: null,
    async read(offset: number, length: number) {
      lengths.push(length);
      return new Uint8Array(length).fill(offset === 0 ? 1 : 2);
    },
  };
  const { files, dispose } = await describeWeights(graph, [joined], { ...weights, files: new Map([['a', file]]) });
  const copy = await readFile(files[0]?.path ?? '');
  expect(lengths).toEqual([2 ** 24, 5]);
  expect([copy.length, copy[2 ** 24 - 1], copy[2 ** 24], copy.at(-1)]).toEqual([size, 1, 2, 2]);
  await dispose();
});

test('nothing is left behind when a weight is missing', async () => {
  const describing = describeWeights(graph, [joined], memoryWeights({ a: tensor([2, 3], 1) }));
  await expect(describing).rejects.toThrow(WeightMismatchError);
});

test('nothing is left behind when a file cannot be read', async () => {
  const file = { size: 24, path: null, read: () => Promise.reject(new Error('the cable was pulled')) };
  const broken = { ...weights, files: new Map([...weights.files, ['b', file] as const]) };
  await expect(describeWeights(graph, [joined], broken)).rejects.toThrow('the cable was pulled');
});
