import { readFloats, shapeOf, type WeightExpr, type WeightSource } from '@tttv2/graph';
import type { Dtype } from '@tttv2/spec';
import { describe, expect, test } from 'vitest';
import { asMatrix, asPlain, asTable } from './device-parameter.ts';

/** Bytes in which each number fills what it stands for: 16-bit patterns, or 32 codes of a block with its scale. */
const stored: Readonly<Record<string, { dtype: Dtype; shape: number[]; bytes: Uint8Array }>> = {
  single: {
    dtype: 'float32',
    shape: [2, 32],
    bytes: new Uint8Array(Float32Array.from({ length: 64 }, (_, i) => i).buffer),
  },
  // 1 in rows of 32, then −2: 0x3c00 and 0xc000.
  half: { dtype: 'float16', shape: [2, 32], bytes: halves([0x3c00, 0xc000]) },
  // The same in bfloat16: 0x3f80 and 0xc000.
  brain: { dtype: 'bfloat16', shape: [2, 32], bytes: halves([0x3f80, 0xc000]) },
  // Scale 0.5, codes 0 … 31.
  blocks: {
    dtype: 'q8_0',
    shape: [1, 32],
    bytes: Uint8Array.of(0x00, 0x38, ...Array.from({ length: 32 }, (_, i) => i)),
  },
};

function halves(patterns: readonly number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(patterns.flatMap((pattern) => Array(32).fill(pattern))).buffer);
}

const source: WeightSource = {
  files: new Map(
    Object.entries(stored).map(([name, { bytes }]) => [
      name,
      { size: bytes.length, path: null, read: async (offset, length) => bytes.slice(offset, offset + length) },
    ]),
  ),
  names: () => Object.keys(stored),
  describe(name) {
    const { dtype, shape, bytes } = stored[name] ?? { dtype: 'float32', shape: [], bytes: new Uint8Array() };
    return { kind: 'stored', file: name, offset: 0, bytes: bytes.length, dtype, shape };
  },
  close: async () => {},
};

const rows: Readonly<Record<string, number[][]>> = {
  single: [range(0, 1), range(32, 1)],
  half: [Array(32).fill(1), Array(32).fill(-2)],
  brain: [Array(32).fill(1), Array(32).fill(-2)],
  blocks: [range(0, 0.5)],
};

function range(from: number, by: number): number[] {
  return Array.from({ length: 32 }, (_, i) => from + by * i);
}

function transposed(matrix: number[][]): number[][] {
  return Array.from({ length: 32 }, (_, column) => matrix.map((row) => row[column] ?? Number.NaN));
}

async function read(expr: WeightExpr) {
  return { shape: shapeOf(expr), numbers: [...(await readFloats(source, expr))] };
}

describe.each<[parts: string[]]>([
  [['single']],
  [['half']],
  [['blocks']],
  [['half', 'half']],
  [['single', 'half']],
  [['half', 'brain']],
  [['blocks', 'blocks']],
  [['half', 'blocks', 'single']],
])('of %j', (parts) => {
  const exprs = parts.map((name) => source.describe(name));
  const matrix = parts.flatMap((name) => rows[name] ?? []);

  test('a matrix has the outputs of all side by side', async () => {
    expect(await read(asMatrix(exprs))).toEqual({ shape: [32, matrix.length], numbers: transposed(matrix).flat() });
  });

  test('a table has the rows of all', async () => {
    expect(await read(asTable(exprs))).toEqual({ shape: [matrix.length, 32], numbers: matrix.flat() });
  });

  test('a plain value has the rows of all, in four dimensions', async () => {
    expect(await read(asPlain(exprs))).toEqual({ shape: [1, 1, matrix.length, 32], numbers: matrix.flat() });
  });
});

test('more dimensions are one row of a table, and stay as they are in a value', async () => {
  const cube: WeightExpr = { kind: 'reshape', of: source.describe('single'), shape: [4, 2, 8] };
  expect(await read(asTable([cube]))).toEqual({ shape: [4, 16], numbers: (rows.single ?? []).flat() });
  expect(shapeOf(asPlain([cube]))).toEqual([1, 4, 2, 8]);
});

test('numbers of one type stay in it, so that the host may convert them at once', () => {
  expect(JSON.stringify(asMatrix([source.describe('half')]))).not.toContain('dequantise');
  expect(JSON.stringify(asTable([source.describe('half'), source.describe('brain')]))).toContain('dequantise');
});

test('a weight of nothing is a mistake', () => {
  expect(() => asMatrix([])).toThrow('at least one parameter');
});
