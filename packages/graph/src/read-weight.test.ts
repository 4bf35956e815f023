import { bytesOf, CheckpointError, type Dtype, dtypeSchema, dtypes } from '@tttv2/spec';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dequantise } from './dequantise.ts';
import { GraphError } from './graph-error.ts';
import { readFloats } from './read-floats.ts';
import { readWeight } from './read-weight.ts';
import { asView, dtypeOf, shapeOf, type WeightExpr } from './weight-expr.ts';
import type { WeightSource } from './weight-source.ts';

test('rows, permuted rows, a transposed matrix', async () => {
  const of = stored([3, 2], [0, 1, 2, 3, 4, 5]);
  expect(await numbers({ kind: 'rows', of, start: 1, count: 2, step: 1 })).toEqual([2, 3, 4, 5]);
  expect(await numbers({ kind: 'rows', of, start: 0, count: 2, step: 2 })).toEqual([0, 1, 4, 5]);
  expect(await numbers({ kind: 'permuteRows', of, order: [2, 0, 1] })).toEqual([4, 5, 0, 1, 2, 3]);
  expect(await numbers({ kind: 'transpose', of })).toEqual([0, 2, 4, 1, 3, 5]);
});

test('columns, and rows of zeros after those there are', async () => {
  const of = stored([2, 3], [0, 1, 2, 3, 4, 5]);
  expect(await numbers({ kind: 'columns', of, start: 1, count: 2 })).toEqual([1, 2, 4, 5]);
  expect(await numbers({ kind: 'columns', of: { kind: 'reshape', of, shape: [6] }, start: 4, count: 2 })).toEqual([
    4, 5,
  ]);
  const padded: WeightExpr = { kind: 'padRows', of, rows: 1 };
  expect(shapeOf(padded)).toEqual([3, 3]);
  expect(await numbers(padded)).toEqual([0, 1, 2, 3, 4, 5, 0, 0, 0]);
});

test('columns of blocks are whole blocks', async () => {
  const bytes = Uint8Array.from({ length: 4 * 34 }, (_, i) => (i % 34 === 1 ? 0x3c : i % 34 === 0 ? 0 : i));
  const of: WeightExpr = { kind: 'stored', file: 'blocks', offset: 0, bytes: 136, dtype: 'q8_0', shape: [2, 64] };
  const source = sourceOf({ blocks: bytes });
  const cut = await readFloats(source, { kind: 'columns', of, start: 32, count: 32 });
  const dequantised = { kind: 'dequantise', of } as const;
  expect(cut).toEqual(await readFloats(source, { kind: 'columns', of: dequantised, start: 32, count: 32 }));
  const within = readWeight(source, { kind: 'columns', of, start: 16, count: 32 });
  await expect(within).rejects.toThrow('stored [2, 64] of q8_0: columns 16 to 48 are no whole blocks of 32');
});

const parameterDtypes = dtypeSchema.options.filter((dtype) => isDecodable(dtype) && dtype !== 'float8_e8m0');

test.each(parameterDtypes)('zero bytes of %s are zeros', async (dtype) => {
  const { elements, bytes } = dtypes[dtype];
  const of: WeightExpr = { kind: 'stored', file: 'one', offset: 0, bytes, dtype, shape: [1, elements] };
  const found = await readFloats(sourceOf({ one: new Uint8Array(bytes) }), { kind: 'padRows', of, rows: 2 });
  // Some are -0, which is as good.
  expect(found.map((value) => value + 0)).toEqual(new Float32Array(3 * elements));
});

test('stack, concat and reshape join and rename', async () => {
  const [a, b] = [stored([1, 2], [0, 1]), stored([1, 2], [2, 3])];
  const stack: WeightExpr = { kind: 'stack', of: [a, b] };
  const concat: WeightExpr = { kind: 'concat', of: [a, b] };
  expect([shapeOf(stack), shapeOf(concat)]).toEqual([
    [2, 1, 2],
    [2, 2],
  ]);
  expect(await numbers(stack)).toEqual([0, 1, 2, 3]);
  expect(await numbers(concat)).toEqual([0, 1, 2, 3]);
  expect(await numbers({ kind: 'reshape', of: { kind: 'transpose', of: concat }, shape: [4] })).toEqual([0, 2, 1, 3]);
});

test('dequantise makes float32 of what is stored', async () => {
  const half: WeightExpr = { kind: 'stored', file: 'half', offset: 0, bytes: 4, dtype: 'float16', shape: [2] };
  const source = sourceOf({ half: Uint8Array.of(0x00, 0x3e, 0x00, 0xc0) });
  expect([...(await readFloats(source, half))]).toEqual([1.5, -2]);
});

test('random needs no file', async () => {
  const expr: WeightExpr = { kind: 'random', seed: 1, stream: 'a', mean: 3, std: 0, shape: [2, 2] };
  expect(await numbers(expr)).toEqual([3, 3, 3, 3]);
});

test('a view of neighbouring rows reads those alone', async () => {
  const reads: number[] = [];
  const source = sourceOf({ ramp: new Uint8Array(400) }, (length) => reads.push(length));
  await readWeight(source, { kind: 'rows', of: stored([10, 10], []), start: 4, count: 2, step: 1 });
  expect(reads).toEqual([80]);
});

test('what contradicts itself is named', async () => {
  const of = stored([3, 2], [0, 1, 2, 3, 4, 5]);
  await expect(numbers({ kind: 'permuteRows', of, order: [3] })).rejects.toThrow(GraphError);
  await expect(numbers({ kind: 'rows', of, start: 2, count: 2, step: 1 })).rejects.toThrow(/row 3 is wanted of 3 rows/);
  const columns = (start: number, count: number) => numbers({ kind: 'columns', of, start, count });
  await expect(columns(1, 2)).rejects.toThrow('columns 1 to 3 are wanted of 2');
  await expect(columns(-1, 1)).rejects.toThrow(GraphError);
  await expect(numbers({ kind: 'padRows', of, rows: -1 })).rejects.toThrow('-1 rows are to be appended');
  await expect(numbers({ kind: 'transpose', of: stored([4], [0, 1, 2, 3]) })).rejects.toThrow(/only a matrix/);
  await expect(readWeight(sourceOf({}), of)).rejects.toThrow(CheckpointError);
});

test('property: what `asView` says is what evaluation gives', async () => {
  const slices = fc.record({ start: fc.nat(5), count: fc.integer({ min: 1, max: 4 }) });
  await fc.assert(
    fc.asyncProperty(slices, fc.constantFrom([3], [1, 3]), async ({ start, count }, row) => {
      const ramp = Array.from({ length: 30 }, (_, i) => i);
      const of: WeightExpr = { kind: 'reshape', of: stored([30], ramp), shape: [10, ...row] };
      const expr: WeightExpr = { kind: 'rows', of, start, count, step: 1 };
      const view = asView(expr);
      expect(view).not.toBeNull();
      if (view === null) return;
      expect(await numbers(expr)).toEqual(ramp.slice(view.offset / 4, (view.offset + view.bytes) / 4));
      expect([dtypeOf(expr), shapeOf(expr)]).toEqual([view.dtype, view.shape]);
    }),
  );
});

test('property: parts cut by columns, or by rows and filled up, are the whole again', async () => {
  const dims = fc.record({
    rows: fc.integer({ min: 1, max: 6 }),
    parts: fc.integer({ min: 1, max: 4 }),
    width: fc.nat(3),
  });
  await fc.assert(
    fc.asyncProperty(dims, async ({ rows, parts, width: partWidth }) => {
      const width = parts * (partWidth + 1);
      const ramp = Array.from({ length: rows * width }, (_, i) => i);
      const of = stored([rows, width], ramp);
      const columns = Array.from({ length: parts }, (_, i): WeightExpr => {
        const part: WeightExpr = { kind: 'columns', of, start: i * (partWidth + 1), count: partWidth + 1 };
        return { kind: 'transpose', of: part };
      });
      expect(await numbers({ kind: 'transpose', of: { kind: 'concat', of: columns } })).toEqual(ramp);
      const above: WeightExpr = { kind: 'padRows', of: { kind: 'rows', of, start: 0, count: 1, step: 1 }, rows: parts };
      expect(shapeOf(above)).toEqual([1 + parts, width]);
      const zeros = Array.from({ length: parts * width }, () => 0);
      expect(await numbers(above)).toEqual([...ramp.slice(0, width), ...zeros]);
    }),
  );
});

/** Types whose numbers we can read. */
function isDecodable(dtype: Dtype): boolean {
  try {
    return dequantise(new Uint8Array(), dtype).length === 0;
  } catch {
    return false;
  }
}

/** float32 numbers of a file that holds nothing else; its name is its content. */
function stored(shape: number[], content: number[]): WeightExpr {
  const file = content.length === 0 ? 'ramp' : content.join(' ');
  const bytes = 4 * shape.reduce((product, dim) => product * dim, 1);
  return { kind: 'stored', file, offset: 0, bytes, dtype: 'float32', shape };
}

async function numbers(expr: WeightExpr): Promise<number[]> {
  const files: Record<string, Uint8Array> = {};
  for (const file of filesOf(expr)) files[file] = new Uint8Array(Float32Array.from(file.split(' '), Number).buffer);
  return [...(await readFloats(sourceOf(files), expr))];
}

function filesOf(expr: WeightExpr): string[] {
  if (expr.kind === 'stored') return [expr.file];
  if (expr.kind === 'random') return [];
  return [expr.of].flat().flatMap(filesOf);
}

function sourceOf(files: Record<string, Uint8Array>, onRead: (length: number) => void = () => {}): WeightSource {
  const entries = Object.entries(files).map(([name, content]) => {
    const read = async (offset: number, length: number) => {
      onRead(length);
      return content.slice(offset, offset + length);
    };
    return [name, { size: content.byteLength, path: null, read }] as const;
  });
  return { files: new Map(entries), names: () => [], describe: () => stored([0], []), close: async () => {} };
}

test('scales and exponents that do not fit are refused', async () => {
  const file = (dtype: Dtype, shape: number[]): WeightExpr => ({
    ...{ kind: 'stored', file: 'zeros', offset: 0, bytes: bytesOf(dtype, shape), dtype, shape },
  });
  const source = sourceOf({ zeros: new Uint8Array(64) });
  const of = file('float32', [2, 4]);
  const scaled = readWeight(source, { kind: 'scaleBlocks', of, scales: file('float32', [1, 1]), block: [2, 2] });
  await expect(scaled).rejects.toThrow('scaleBlocks [2, 4]: blocks of 2 × 2 need scales [1, 2], found [1, 1]');
  const packed = readWeight(source, { kind: 'packMxfp4', of, scales: of });
  await expect(packed).rejects.toThrow(
    'mxfp4 is made of uint8 […, G, 16] and uint8 […, G], but its scales are float32',
  );
});
