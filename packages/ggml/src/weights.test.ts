import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Executable,
  type Graph,
  GraphBuilder,
  referenceBackend,
  type WeightExpr,
  type WeightSource,
} from '@tttv2/graph';
import { bytesOf, CheckpointError, type Dtype, WeightMismatchError } from '@tttv2/spec';
import { maxAbsError, memoryWeights, pcc, randomTensors, stepOf } from '@tttv2/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileGgml } from './executable.ts';
import { type GgmlDtype, ggmlTypes } from './ggml-type.ts';
import { targetDtypes } from './placement.ts';

/** A stored tensor of numbers that every 16-bit type holds exactly: eighths from -4 to 4. */
interface Stored {
  dtype: 'float32' | 'float16' | 'bfloat16';
  shape: number[];
  offset: number;
}

const tensors = {
  table: { dtype: 'float32', shape: [7, 64], offset: 4096 },
  half: { dtype: 'float16', shape: [5, 64], offset: 8192 },
  brain: { dtype: 'bfloat16', shape: [5, 64], offset: 12290 },
  full: { dtype: 'float32', shape: [5, 64], offset: 16388 },
  odd: { dtype: 'float32', shape: [5, 64], offset: 20481 },
  oddHalf: { dtype: 'float16', shape: [5, 64], offset: 24577 },
  bias: { dtype: 'bfloat16', shape: [5], offset: 28672 },
} as const satisfies Record<string, Stored>;
type Name = keyof typeof tensors;

const folder = mkdtempSync(join(tmpdir(), 'tttv2-weights-'));
const path = join(folder, 'weights.bin');

beforeAll(() => {
  const file = new Uint8Array(32768);
  for (const [name, stored] of Object.entries(tensors)) file.set(encode(name, stored), stored.offset);
  writeFileSync(path, file);
});
afterAll(() => rmSync(folder, { recursive: true }));

function encode(name: string, { dtype, shape }: Stored): Uint8Array {
  const length = shape.reduce((product, dim) => product * dim, 1);
  const numbers = Float32Array.from({ length }, (_, i) => (((i + name.length) * 37) % 65) / 8 - 4);
  if (dtype === 'float32') return new Uint8Array(numbers.buffer);
  const bits = dtype === 'bfloat16' ? bfloat16Bits : float16Bits;
  return new Uint8Array(Uint16Array.from(numbers, bits).buffer);
}

/** The upper half of a float32. */
function bfloat16Bits(number: number): number {
  return (new Uint32Array(Float32Array.of(number).buffer)[0] ?? 0) >>> 16;
}

/** Sign, exponent by 15 more, ten bits of fraction; for numbers that fit. */
function float16Bits(number: number): number {
  if (number === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(number)));
  const fraction = (Math.abs(number) / 2 ** exponent - 1) * 1024;
  return (number < 0 ? 0x8000 : 0) + ((exponent + 15) << 10) + fraction;
}

function fileSource(changes: Partial<Record<Name, Partial<WeightExpr & { kind: 'stored' }>>> = {}): WeightSource {
  const describe = (name: string): WeightExpr => {
    const [, stored] = Object.entries(tensors).find(([known]) => known === name) ?? [];
    if (stored === undefined) throw new WeightMismatchError({ message: `no ${name}`, missing: [name] });
    const { dtype, offset } = stored;
    const shape = [...stored.shape];
    const change = Object.entries(changes).find(([known]) => known === name)?.[1];
    return { kind: 'stored', file: 'weights', offset, bytes: bytesOf(dtype, shape), dtype, shape, ...change };
  };
  const read = async (offset: number, length: number) => {
    const file = await open(path);
    try {
      const { buffer } = await file.read(new Uint8Array(length), 0, length, offset);
      return buffer;
    } finally {
      await file.close();
    }
  };
  const size = statSync(path).size;
  return {
    files: new Map([['weights', { size, path, read }]]),
    names: () => Object.keys(tensors),
    describe,
    close: async () => {},
  };
}

/** `table[tokens] · weightᵀ + bias` for one weight. */
function product(weight: Name, stored: Dtype | null = null): Graph {
  const builder = new GraphBuilder(weight);
  const x = builder.node('gather_rows', {}, [
    builder.parameter('table', [...tensors.table.shape]),
    builder.input('tokens'),
  ]);
  const inputs = [x, builder.parameter(weight, [...tensors[weight].shape], stored), builder.parameter('bias', [5])];
  return builder.build({ y: builder.scope('y', () => builder.node('linear', {}, inputs)) });
}

async function compile(graph: Graph, source: WeightSource): Promise<Executable> {
  const isExact = [...targetDtypes(graph, source).values()].every((dtype) => dtype === 'float32');
  return compileGgml({ mesh: [1, 1], stages: [graph] }, source, {
    device: 'cpu',
    threads: 1,
    kvCacheDtype: 'float32',
    settings: { isExact, useFlashAttention: false },
    hardware: { deviceType: 'cpu' },
  });
}

async function run(executable: Executable): Promise<Float32Array> {
  const state = executable.createState({ maxSequences: 1, totalTokens: 8, tokensPerSequence: 8 });
  const step = stepOf(state, [{ slot: 0, ids: [0, 3, 6, 1] }], { taps: ['y'] });
  const { taps } = await executable.run(state, step);
  return taps.y?.data.slice() ?? new Float32Array();
}

async function expected(graph: Graph, source: WeightSource): Promise<Float32Array> {
  return run(await referenceBackend.compile({ mesh: [1, 1], stages: [graph] }, source, { deviceType: 'reference' }));
}

const matrixBytes = (dtype: Dtype) => bytesOf(dtype, [5, 64]);
const tableBytes = bytesOf('float32', [7, 64]);
/** The bias is added, so it is float32, whatever it is stored as. */
const biasBytes = bytesOf('float32', [5]);

describe('a file of weights', () => {
  test.each<[Name, Dtype]>([
    ['half', 'float16'],
    ['brain', 'bfloat16'],
    ['full', 'float32'],
  ])('%s is used where it lies, and gives exact products', async (weight, dtype) => {
    const [graph, source] = [product(weight), fileSource()];
    const executable = await compile(graph, source);
    const { mappedWeights, ownWeights } = executable.memory();
    expect({ mappedWeights, ownWeights }).toEqual({
      mappedWeights: tableBytes + matrixBytes(dtype),
      ownWeights: biasBytes,
    });
    expect(await run(executable)).toEqual(await expected(graph, source));
    await executable.dispose();
  });

  test.each<[Name, Dtype]>([
    ['odd', 'float32'],
    ['oddHalf', 'float16'],
  ])('%s lies where no processor can load it, and is copied', async (weight, dtype) => {
    const [graph, source] = [product(weight), fileSource()];
    const executable = await compile(graph, source);
    const { mappedWeights, ownWeights } = executable.memory();
    expect({ mappedWeights, ownWeights }).toEqual({
      mappedWeights: tableBytes,
      ownWeights: matrixBytes(dtype) + biasBytes,
    });
    expect(await run(executable)).toEqual(await expected(graph, source));
    await executable.dispose();
  });

  test.each<[Name, GgmlDtype]>(
    (['half', 'brain', 'full', 'oddHalf'] as const).flatMap((name) =>
      (['float32', 'float16', 'bfloat16'] as const).map((target): [Name, GgmlDtype] => [name, target]),
    ),
  )('%s is converted to %s, exactly', async (weight, target) => {
    const [graph, source] = [product(weight, target), fileSource()];
    const executable = await compile(graph, source);
    expect(executable.memory().mappedWeights + executable.memory().ownWeights).toBe(
      tableBytes + matrixBytes(target) + biasBytes,
    );
    expect(await run(executable)).toEqual(await expected(graph, source));
    await executable.dispose();
  });

  test.each<Name>(['half', 'brain', 'full', 'oddHalf'])(
    '%s is converted to 8 bits, to within half a step',
    async (weight) => {
      const [graph, source] = [product(weight, 'q8_0'), fileSource()];
      const executable = await compile(graph, source);
      expect(executable.memory().ownWeights).toBe(matrixBytes('q8_0') + biasBytes);
      const [found, wanted] = [await run(executable), await expected(graph, source)];
      // 64 products of numbers up to 4, weight and activation each off by up to 4/127/2.
      const bound = 64 * 2 * 4 * (4 / 127 / 2);
      for (const [i, value] of wanted.entries()) expect(Math.abs((found[i] ?? 0) - value)).toBeLessThan(bound);
      expect(pcc(found, wanted)).toBeGreaterThan(0.9999);
      await executable.dispose();
    },
  );

  test('rows of a stored tensor are a part of the file', async () => {
    const graph = product('half');
    const whole = fileSource();
    const source: WeightSource = {
      ...whole,
      describe: (name) =>
        name === 'half'
          ? {
              kind: 'reshape',
              of: { kind: 'rows', of: whole.describe('table'), start: 1, count: 5, step: 1 },
              shape: [5, 64],
            }
          : whole.describe(name),
    };
    const executable = await compile(graph, source);
    expect(executable.memory().mappedWeights).toBe(tableBytes + matrixBytes('float32'));
    expect(await run(executable)).toEqual(await expected(graph, source));
    await executable.dispose();
  });

  test('that ends before a weight is refused, with the byte', async () => {
    const loading = compile(product('full'), fileSource({ full: { offset: 32700 } }));
    await expect(loading).rejects.toThrow(CheckpointError);
    await expect(loading).rejects.toMatchObject({ offset: 32700 });
  });

  test('that is not there is refused by name', async () => {
    const source = fileSource();
    const gone = { size: 32768, path: join(folder, 'gone.bin'), read: async () => new Uint8Array() };
    await expect(compile(product('full'), { ...source, files: new Map([['weights', gone]]) })).rejects.toThrow(
      /gone\.bin: cannot be opened/,
    );
    await expect(compile(product('full'), { ...source, files: new Map() })).rejects.toThrow(CheckpointError);
  });
});

/** How well products of random numbers must correlate; the last two store weights that are -1, 0 or 1, and nothing between. */
const faithful: Partial<Record<GgmlDtype, number>> = { q3_k: 0.98, q2_k: 0.94, tq1_0: 0.4, tq2_0: 0.4 };

test.each(Object.keys(ggmlTypes) as GgmlDtype[])(
  'float32 is converted to %s, or stays where ggml cannot',
  async (dtype) => {
    const builder = new GraphBuilder(dtype);
    const x = builder.node('gather_rows', {}, [builder.parameter('x', [8, 256]), builder.input('tokens')]);
    const weight = builder.parameter('w', [6, 256], dtype);
    const graph = builder.build({ y: builder.scope('y', () => builder.node('linear', {}, [x, weight])) });
    const source = memoryWeights(randomTensors(graph));
    const executable = await compile(graph, source);
    const isKept = /^iq[123]/.test(dtype);
    expect(executable.memory().ownWeights).toBe(
      bytesOf('float32', [8, 256]) + bytesOf(isKept ? 'float32' : dtype, [6, 256]),
    );
    expect(pcc(await run(executable), await expected(graph, source))).toBeGreaterThan(faithful[dtype] ?? 0.99);
    await executable.dispose();
  },
);

test('codes and exponents of mxfp4 become a tensor of blocks, with the same numbers', async () => {
  const bytes = Uint8Array.from({ length: 224 + 14 }, (_, i) => (i < 224 ? i * 37 : 117 + (i % 9)));
  const read = async (offset: number, length: number) => bytes.slice(offset, offset + length);
  const part = (offset: number, shape: number[]): WeightExpr => ({
    ...{ kind: 'stored', file: 'packed', offset, bytes: bytesOf('uint8', shape), dtype: 'uint8', shape },
  });
  const source: WeightSource = {
    files: new Map([['packed', { size: bytes.length, path: null, read }]]),
    names: () => ['table'],
    describe: () => ({ kind: 'packMxfp4', of: part(0, [7, 2, 16]), scales: part(224, [7, 2]) }),
    close: async () => {},
  };
  const builder = new GraphBuilder('g');
  const inputs = [builder.parameter('table', [7, 64]), builder.input('tokens')];
  const graph = builder.build({ y: builder.scope('y', () => builder.node('gather_rows', {}, inputs)) });
  const executable = await compile(graph, source);
  expect(executable.memory().ownWeights).toBe(bytesOf('mxfp4', [7, 64]));
  const found = await run(executable);
  // ggml has no -0.
  expect(maxAbsError(found, await expected(graph, source))).toBe(0);
  expect(new Set(found).size).toBeGreaterThan(20);
  await executable.dispose();
});

test.each([
  ['q8_0', 40, 'float32'],
  ['q4_k', 40, 'float32'],
  ['q4_k', 96, 'q5_0'],
] as const)('a matrix whose rows are no whole blocks: %s of %i numbers becomes %s', async (wanted, width, held) => {
  const builder = new GraphBuilder('g');
  const x = builder.node('gather_rows', {}, [builder.parameter('x', [8, width]), builder.input('tokens')]);
  const weight = builder.parameter('w', [6, width], wanted);
  const graph = builder.build({ y: builder.scope('y', () => builder.node('linear', {}, [x, weight])) });
  const source = memoryWeights(randomTensors(graph));
  expect(targetDtypes(graph, source).get('w')).toBe(held);
  const executable = await compile(graph, source);
  expect(executable.memory().ownWeights).toBe(bytesOf('float32', [8, width]) + bytesOf(held, [6, width]));
  expect(pcc(await run(executable), await expected(graph, source))).toBeGreaterThan(0.99);
  await executable.dispose();
});

// Other systems promise more memory than they have, and take the promise back when it is used.
test.skipIf(process.platform !== 'linux')('weights beyond all memory are refused', async () => {
  const builder = new GraphBuilder('g');
  for (let i = 0; i < 200; i++) builder.parameter(`w${i}`, [65536, 32768]);
  const source: WeightSource = {
    files: new Map(),
    names: () => [],
    describe: (stream) => ({ kind: 'random', seed: 1, stream, mean: 0, std: 1, shape: [65536, 32768] }),
    close: async () => {},
  };
  await expect(compile(builder.build({}), source)).rejects.toThrow(
    expect.objectContaining({ code: 'TTT_DOES_NOT_FIT', unit: 'bytes', wanted: 200 * 2 ** 33 }),
  );
});
