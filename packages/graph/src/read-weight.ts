import { bytesOf, CheckpointError, type Dtype, dtypes } from '@tttv2/spec';
import { dequantise } from './dequantise.ts';
import { GraphError } from './graph-error.ts';
import { packMxfp4 } from './pack-mxfp4.ts';
import { randomWeights } from './random-weights.ts';
import { scaleBlocks } from './scale-blocks.ts';
import { elementCount } from './tensor.ts';
import { asView, dtypeOf, type StoredView, shapeOf, type WeightExpr } from './weight-expr.ts';
import type { WeightSource } from './weight-source.ts';

/**
 * The meaning of a `WeightExpr`: bytes of `dtypeOf(expr)`, row-major in `shapeOf(expr)`. Slow and obvious, but it reads
 * no more rows of a file than it needs.
 * @throws CheckpointError when a file is not there or ends before.
 * @throws GraphError when the expression contradicts itself.
 * @throws UnsupportedModelError when numbers are wanted of a storage type whose numbers we cannot read.
 */
export async function readWeight(source: WeightSource, expr: WeightExpr): Promise<Uint8Array> {
  switch (expr.kind) {
    case 'stored':
      return readStored(source, expr);
    case 'rows':
      return readRows(source, expr);
    case 'columns':
      return pickColumns(expr, await readWeight(source, expr.of));
    case 'padRows':
      return padRows(expr, await readWeight(source, expr.of));
    case 'permuteRows':
      checkRows(expr.of, expr.order);
      return pickRows(expr.of, await readWeight(source, expr.of), expr.order);
    case 'transpose':
      return transpose(expr.of, await readWeight(source, expr.of));
    case 'stack':
    case 'concat':
      return join(await Promise.all(expr.of.map((part) => readWeight(source, part))));
    case 'reshape':
      return readWeight(source, expr.of);
    case 'dequantise':
      return toFloat32(await readWeight(source, expr.of), dtypeOf(expr.of));
    case 'scaleBlocks':
      return bytesIn(scaleBlocks(expr, await readNumbers(source, expr.of), await readNumbers(source, expr.scales)));
    case 'affine':
      return bytesIn((await readNumbers(source, expr.of)).map((number) => number * expr.scale + expr.offset));
    case 'packMxfp4':
      checkMxfp4(expr);
      return packMxfp4(await readWeight(source, expr.of), await readWeight(source, expr.scales));
    case 'random':
      return bytesIn(randomWeights({ ...expr, count: elementCount(expr.shape) }));
  }
}

async function readNumbers(source: WeightSource, expr: WeightExpr): Promise<Float32Array> {
  return dequantise(await readWeight(source, expr), dtypeOf(expr));
}

async function readStored(source: WeightSource, stored: StoredView): Promise<Uint8Array> {
  const file = source.files.get(stored.file);
  if (file === undefined) throw new CheckpointError({ file: stored.file, message: 'is not a file of this checkpoint' });
  return file.read(stored.offset, stored.bytes);
}

/** Neighbouring rows of stored bytes are read alone. */
async function readRows(source: WeightSource, expr: Extract<WeightExpr, { kind: 'rows' }>): Promise<Uint8Array> {
  const order = Array.from({ length: expr.count }, (_, i) => expr.start + i * expr.step);
  checkRows(expr.of, order);
  const view = asView(expr);
  return view === null ? pickRows(expr.of, await readWeight(source, expr.of), order) : readStored(source, view);
}

/** Row i of the result is row `order[i]` of `bytes`. */
function pickRows(of: WeightExpr, bytes: Uint8Array, order: readonly number[]): Uint8Array {
  const length = bytesOf(dtypeOf(of), shapeOf(of).slice(1));
  const out = new Uint8Array(order.length * length);
  order.forEach((from, to) => {
    out.set(bytes.subarray(from * length, (from + 1) * length), to * length);
  });
  return out;
}

function pickColumns({ of, start, count }: Extract<WeightExpr, { kind: 'columns' }>, bytes: Uint8Array): Uint8Array {
  const dtype = dtypeOf(of);
  const { elements } = dtypes[dtype];
  const width = shapeOf(of).at(-1) ?? 0;
  if (start < 0 || count < 1 || start + count > width || !Number.isInteger(start) || !Number.isInteger(count))
    throw contradiction(of, `columns ${start} to ${start + count} are wanted of ${width}`);
  if (start % elements !== 0 || count % elements !== 0)
    throw contradiction(
      of,
      `columns ${start} to ${start + count} are no whole blocks of ${elements}: dequantise first`,
    );
  const bytesOfColumns = (columns: number) => bytesOf(dtype, [columns]);
  const [row, from, length] = [bytesOfColumns(width), bytesOfColumns(start), bytesOfColumns(count)];
  const out = new Uint8Array((bytes.byteLength / row) * length);
  for (let at = 0, to = 0; at < bytes.byteLength; at += row, to += length)
    out.set(bytes.subarray(at + from, at + from + length), to);
  return out;
}

/** Zero bytes are zeros in every storage type of parameters (`float8_e8m0` is one of scales): the codes of a block are multiplied by its scale, which is then 0. */
function padRows({ of, rows }: Extract<WeightExpr, { kind: 'padRows' }>, bytes: Uint8Array): Uint8Array {
  if (!Number.isInteger(rows) || rows < 0) throw contradiction(of, `${rows} rows are to be appended`);
  return join([bytes, new Uint8Array(bytesOf(dtypeOf(of), [rows, ...shapeOf(of).slice(1)]))]);
}

function checkRows(of: WeightExpr, order: readonly number[]): void {
  const [rows = 0] = shapeOf(of);
  const wrong = order.find((row) => !Number.isInteger(row) || row < 0 || row >= rows);
  if (wrong !== undefined) throw contradiction(of, `row ${wrong} is wanted of ${rows} rows`);
}

function transpose(of: WeightExpr, bytes: Uint8Array): Uint8Array {
  const [rows, columns, ...rest] = shapeOf(of);
  const { elements, bytes: size } = dtypes[dtypeOf(of)];
  if (rows === undefined || columns === undefined || rest.length > 0 || elements !== 1)
    throw contradiction(of, 'only a matrix of single elements can be transposed');
  const out = new Uint8Array(bytes.byteLength);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const from = (row * columns + column) * size;
      out.set(bytes.subarray(from, from + size), (column * rows + row) * size);
    }
  }
  return out;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.byteLength, 0));
  let to = 0;
  for (const part of parts) {
    out.set(part, to);
    to += part.byteLength;
  }
  return out;
}

function checkMxfp4({ of, scales }: Extract<WeightExpr, { kind: 'packMxfp4' }>): void {
  const [codes, exponents] = [shapeOf(of), shapeOf(scales)];
  const isOfBytes = dtypeOf(of) === 'uint8' && dtypeOf(scales) === 'uint8';
  if (isOfBytes && codes.at(-1) === 16 && codes.slice(0, -1).join() === exponents.join()) return;
  const found = `${dtypeOf(scales)} [${exponents.join(', ')}]`;
  throw contradiction(of, `mxfp4 is made of uint8 […, G, 16] and uint8 […, G], but its scales are ${found}`);
}

function toFloat32(bytes: Uint8Array, dtype: Dtype): Uint8Array {
  return dtype === 'float32' ? bytes : bytesIn(dequantise(bytes, dtype));
}

function bytesIn(numbers: Float32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}

function contradiction(of: WeightExpr, message: string): GraphError {
  return new GraphError({ where: `${of.kind} [${shapeOf(of).join(', ')}] of ${dtypeOf(of)}`, message });
}
