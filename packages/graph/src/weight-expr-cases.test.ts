import { bytesOf, type Dtype, dtypes } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { readFloats } from './read-floats.ts';
import { partsOf, shapeOf, type WeightExpr } from './weight-expr.ts';
import type { WeightSource } from './weight-source.ts';

/**
 * Where the half-precision scales of a block lie: arbitrary bytes there would be infinite or no number. The cases
 * hold finite numbers alone, so that other hosts can be compared bit by bit.
 */
const readable: Partial<Record<Dtype, readonly number[]>> = {
  float64: [],
  float32: [],
  float16: [0],
  bfloat16: [],
  float8_e4m3: [],
  float8_e5m2: [],
  float8_e8m0: [],
  q4_0: [0],
  q4_1: [0, 2],
  q5_0: [0],
  q5_1: [0, 2],
  q8_0: [0],
  mxfp4: [-1],
  q4_k: [0, 2],
  q6_k: [208],
};
const readableDtypes = Object.keys(dtypes).filter((dtype): dtype is Dtype => dtype in readable);

const matrix = stored('float32', [4, 6]);
const blocks = stored('q8_0', [3, 64]);
const cases: Record<string, WeightExpr> = {
  ...Object.fromEntries(readableDtypes.map((dtype) => [dtype, stored(dtype, [2, 2 * dtypes[dtype].elements])])),
  'stored: after an offset, a scalar': { ...stored('bfloat16', []), offset: 6 },
  'rows: neighbours': { kind: 'rows', of: matrix, start: 1, count: 2, step: 1 },
  'rows: every other one': { kind: 'rows', of: matrix, start: 1, count: 2, step: 2 },
  'rows: of blocks': { kind: 'rows', of: blocks, start: 0, count: 2, step: 2 },
  'columns: of elements': { kind: 'columns', of: matrix, start: 2, count: 3 },
  'columns: of blocks': { kind: 'columns', of: blocks, start: 32, count: 32 },
  'columns: of numbers within a block': {
    kind: 'columns',
    of: { kind: 'dequantise', of: blocks },
    start: 20,
    count: 30,
  },
  'padRows: of elements': { kind: 'padRows', of: stored('float16', [1, 2, 3]), rows: 2 },
  'padRows: of blocks': { kind: 'padRows', of: blocks, rows: 1 },
  'permuteRows: of blocks': { kind: 'permuteRows', of: blocks, order: [2, 0, 1] },
  'permuteRows: one twice': { kind: 'permuteRows', of: matrix, order: [3, 3, 0] },
  transpose: { kind: 'transpose', of: stored('bfloat16', [3, 5]) },
  stack: { kind: 'stack', of: [stored('float16', [2, 3]), { ...stored('float16', [2, 3]), offset: 12 }] },
  concat: { kind: 'concat', of: [blocks, { kind: 'rows', of: blocks, start: 1, count: 1, step: 1 }] },
  'reshape: of elements': { kind: 'reshape', of: matrix, shape: [2, 1, 12] },
  'reshape: of blocks': { kind: 'reshape', of: blocks, shape: [6, 32] },
  'scaleBlocks: the last blocks are cut off': {
    kind: 'scaleBlocks',
    of: stored('float8_e4m3', [5, 7]),
    scales: stored('float32', [3, 3]),
    block: [2, 3],
  },
  'scaleBlocks: of several matrices, by powers of two': {
    kind: 'scaleBlocks',
    of: stored('float8_e4m3', [2, 4, 6]),
    scales: stored('float8_e8m0', [2, 2, 2]),
    block: [2, 3],
  },
  affine: { kind: 'affine', of: stored('bfloat16', [3, 4]), scale: 0.3, offset: 1 },
  packMxfp4: { kind: 'packMxfp4', of: stored('uint8', [2, 3, 16]), scales: stored('uint8', [2, 3]) },
  'random: an even count': {
    kind: 'random',
    seed: 7,
    stream: 'layers.0.mixer.q.weight',
    mean: 0,
    std: 0.02,
    shape: [8, 12],
  },
  'random: an odd count, the largest seed': {
    kind: 'random',
    seed: 2 ** 32 - 1,
    stream: 'größe',
    mean: 1,
    std: 0.5,
    shape: [3, 5],
  },
  'nested: experts of a fused matrix, turned': {
    kind: 'stack',
    of: [0, 2].map((start) => ({
      kind: 'transpose',
      of: { kind: 'dequantise', of: { kind: 'rows', of: stored('q4_k', [4, 256]), start, count: 2, step: 1 } },
    })),
  },
  'nested: q and k with their halves rejoined, v as it is, padded': {
    kind: 'padRows',
    of: {
      kind: 'concat',
      of: [
        { kind: 'permuteRows', of: stored('bfloat16', [4, 6]), order: [0, 2, 1, 3] },
        {
          kind: 'reshape',
          of: { kind: 'rows', of: { ...stored('bfloat16', [4, 3, 2]), offset: 48 }, start: 1, count: 2, step: 2 },
          shape: [2, 6],
        },
        {
          kind: 'columns',
          of: { kind: 'transpose', of: { ...stored('bfloat16', [9, 2]), offset: 96 } },
          start: 2,
          count: 6,
        },
      ],
    },
    rows: 3,
  },
};

/** Hosts in other languages read the recorded cases too. `vitest -u` records them anew. */
test('the numbers of each expression are those recorded', async () => {
  const recorded = await Promise.all(Object.entries(cases).map(([name, expr]) => record(name, expr)));
  const lines = recorded.map((one) => `  ${JSON.stringify(one)}`).join(',\n');
  await expect(`[\n${lines}\n]\n`).toMatchFileSnapshot('fixtures/weight-exprs.json');
});

async function record(name: string, expr: WeightExpr) {
  const files = Object.fromEntries(
    storedIn(expr).map(({ file, dtype }) => [file, bytesFor(dtype, lengthOf(file, expr))]),
  );
  const floats = await readFloats(sourceOf(files), expr);
  expect(floats.every(Number.isFinite)).toBe(true);
  const base64 = Object.entries(files).map(([file, bytes]) => [file, Buffer.from(bytes).toString('base64')]);
  const bytes = Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength);
  return { name, files: Object.fromEntries(base64), expr, shape: shapeOf(expr), floats: bytes.toString('base64') };
}

type StoredExpr = Extract<WeightExpr, { kind: 'stored' }>;

/** A tensor of the file of its type. */
function stored(dtype: Dtype, shape: number[]): StoredExpr {
  return { kind: 'stored', file: `${dtype}.bin`, offset: 0, bytes: bytesOf(dtype, shape), dtype, shape };
}

function storedIn(expr: WeightExpr): StoredExpr[] {
  return expr.kind === 'stored' ? [expr] : partsOf(expr).flatMap(storedIn);
}

function lengthOf(file: string, expr: WeightExpr): number {
  const uses = storedIn(expr).filter((one) => one.file === file);
  return Math.max(...uses.map(({ offset, bytes }) => offset + bytes));
}

/** Arbitrary finite numbers, by a linear congruential generator. */
function bytesFor(dtype: Dtype, length: number): Uint8Array {
  const scales = readable[dtype] ?? [];
  const block = dtypes[dtype].bytes;
  let state = length;
  return Uint8Array.from({ length }, (_, at) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const byte = state >>> 24;
    const isUpper =
      scales.some((scale) => at % block === scale + 1) || (scales.length === 0 && at % block === block - 1);
    // The sign stays, the exponent is one of moderate numbers.
    return isUpper ? (byte & 0x83) | 0x38 : byte;
  });
}

function sourceOf(files: Record<string, Uint8Array>): WeightSource {
  const entries = Object.entries(files).map(([name, content]) => {
    const read = async (offset: number, length: number) => content.slice(offset, offset + length);
    return [name, { size: content.byteLength, path: null, read }] as const;
  });
  return { files: new Map(entries), names: () => [], describe: () => matrix, close: async () => {} };
}
