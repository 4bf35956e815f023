import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Graph, GraphBuilder, type WeightSource } from '@tttv2/graph';
import { bytesOf } from '@tttv2/spec';
import { stepOf } from '@tttv2/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ggml } from './binding.ts';
import { compileGgml } from './executable.ts';
import type { GgmlDtype } from './ggml-type.ts';

const [rows, width] = [48, 64];

let folder: string;
let model: string;
let cache: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tttv2-weight-cache-'));
  [model, cache] = [join(folder, 'model'), join(folder, 'cache')];
  writeModel(1);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

/** Two matrices of float32. */
function writeModel(seed: number): void {
  const numbers = Float32Array.from({ length: 2 * rows * width }, (_, i) => Math.sin(seed * (i + 1)));
  writeFileSync(model, new Uint8Array(numbers.buffer));
}

function source(): WeightSource {
  const shape = [rows, width];
  const bytes = bytesOf('float32', shape);
  const read = async (offset: number, length: number) => {
    const file = await open(model);
    return file.read(new Uint8Array(length), 0, length, offset).then(({ buffer }) => file.close().then(() => buffer));
  };
  return {
    files: new Map([['model', { size: statSync(model).size, path: model, read }]]),
    names: () => ['table', 'matrix'],
    describe: (name) => {
      return { kind: 'stored', file: 'model', offset: name === 'table' ? 0 : bytes, bytes, dtype: 'float32', shape };
    },
    close: async () => {},
  };
}

function graphOf(stored: GgmlDtype): Graph {
  const builder = new GraphBuilder('g');
  const [table, matrix] = ['table', 'matrix'].map((name) => builder.parameter(name, [rows, width], stored));
  const x = builder.node('gather_rows', {}, [table ?? '', builder.input('tokens')]);
  return builder.build({ y: builder.scope('y', () => builder.node('linear', {}, [x, matrix ?? ''])) });
}

interface Loaded {
  /** How often rows were encoded while it was loaded. */
  encodings: number;
  mapped: number;
  y: Float32Array;
  warnings: string[];
}

async function load(
  stored: GgmlDtype = 'q8_0',
  { isCached = true, signal }: { isCached?: boolean; signal?: AbortSignal } = {},
): Promise<Loaded> {
  const warnings: string[] = [];
  const encode = vi.spyOn(ggml().quantizeChunk, 'async');
  const executable = await compileGgml({ mesh: [1, 1], stages: [graphOf(stored)] }, source(), {
    device: 'cpu',
    threads: 2,
    kvCacheDtype: 'float32',
    settings: { isExact: false, useFlashAttention: false },
    hardware: { deviceType: 'cpu' },
    weightCache: isCached ? { folder: cache, warn: (message) => warnings.push(message) } : undefined,
    signal,
  });
  const encodings = encode.mock.calls.length;
  encode.mockRestore();
  const state = executable.createState({ maxSequences: 1, totalTokens: 8, tokensPerSequence: 8 });
  const { taps } = await executable.run(state, stepOf(state, [{ slot: 0, ids: [0, 3, 47] }], { taps: ['y'] }));
  const loaded = {
    encodings,
    mapped: executable.memory().mappedWeights,
    y: taps.y?.data.slice() ?? new Float32Array(),
  };
  await executable.dispose();
  return { ...loaded, warnings };
}

function kept(): string[] {
  return readdirSync(cache)
    .filter((name) => name.endsWith('.weights'))
    .map((name) => join(cache, name));
}

test('what was encoded once is mapped the next time, and is the same', async () => {
  const without = await load('q8_0', { isCached: false });
  const [first, second] = [await load(), await load()];
  expect([without.encodings > 0, first.encodings > 0, second.encodings]).toEqual([true, true, 0]);
  const all = 2 * bytesOf('q8_0', [rows, width]);
  expect([without.mapped, first.mapped, second.mapped]).toEqual([0, all, all]);
  expect(first.y).toEqual(without.y);
  expect(second.y).toEqual(without.y);
  expect([...first.warnings, ...second.warnings]).toEqual([]);
});

test('another type is another file, and one that is no blocks is none', async () => {
  await load('q8_0');
  const { encodings } = await load('q4_0');
  expect([encodings > 0, kept().length]).toEqual([true, 2]);
  await load('bfloat16');
  expect(kept()).toHaveLength(2);
});

test('other contents of equal size and time are encoded anew; the same under another time are not', async () => {
  await load();
  const { atime, mtime } = statSync(model);
  writeModel(2);
  utimesSync(model, atime, mtime);
  const other = await load();
  expect([other.encodings > 0, kept().length]).toEqual([true, 2]);
  expect(other.y).toEqual((await load('q8_0', { isCached: false })).y);
  utimesSync(model, 1, 1);
  expect((await load()).encodings).toBe(0);
});

test.each<[string, (file: string) => void]>([
  ['cut short', (file) => truncateSync(file, statSync(file).size - 1)],
  ['empty', (file) => truncateSync(file, 0)],
  [
    'with a bit turned',
    (file) => {
      const bytes = readFileSync(file);
      bytes[100] = (bytes[100] ?? 0) ^ 1;
      writeFileSync(file, bytes);
    },
  ],
])('a file that is %s is written again', async (_, damage) => {
  const { y } = await load();
  for (const file of kept()) damage(file);
  const again = await load();
  expect([again.encodings > 0, again.y, again.warnings]).toEqual([true, y, []]);
  expect((await load()).encodings).toBe(0);
});

test('several that write at once leave one file', async () => {
  const all = await Promise.all([load(), load(), load()]);
  expect(new Set(all.map(({ y }) => y.join())).size).toBe(1);
  expect(readdirSync(cache).filter((name) => name !== 'digests')).toHaveLength(1);
});

test('one that is aborted leaves nothing', async () => {
  const controller = new AbortController();
  const encode = vi
    .spyOn(ggml().quantizeChunk, 'async')
    .mockImplementation((_type, _from, _to, _start, _rows, _width, _matrix, done) => {
      controller.abort(new Error('no'));
      done(null, 0);
    });
  await expect(load('q8_0', { signal: controller.signal })).rejects.toThrow('no');
  encode.mockRestore();
  expect(readdirSync(cache).filter((name) => name !== 'digests')).toEqual([]);
});

test('a folder that cannot be written costs a warning', async () => {
  writeFileSync(cache, 'a file where the folder would be');
  const { y, warnings } = await load();
  expect(warnings).toEqual([expect.stringMatching(/^encoded weights are not kept: E/)]);
  expect(y).toEqual((await load('q8_0', { isCached: false })).y);
});

test('a file that changes while it is read is not kept', async () => {
  const encode = ggml().quantizeChunk.async;
  vi.spyOn(ggml().quantizeChunk, 'async').mockImplementation((...args) => {
    utimesSync(model, 1, 1);
    encode(...args);
  });
  const { warnings } = await load();
  expect(warnings).toEqual([expect.stringContaining('changed while it was read')]);
  expect(kept()).toEqual([]);
});

test('what another process left behind is removed, but not what it may be writing', async () => {
  await load();
  const [old, fresh] = [join(cache, 'old.weights.part'), join(cache, 'fresh.weights.part')];
  for (const path of [old, fresh]) writeFileSync(path, 'a part');
  utimesSync(old, 1, 1);
  await load('q4_0');
  expect(readdirSync(cache).filter((name) => name.endsWith('.part'))).toEqual(['fresh.weights.part']);
});
