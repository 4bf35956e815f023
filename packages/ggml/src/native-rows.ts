import { bytesOf, dtypes } from '@tttv2/spec';
import { nativeBytes, newArena } from './arena.ts';
import { called } from './called.ts';
import type { Engine } from './engine.ts';
import { type GgmlDtype, ggmlTypes } from './ggml-type.ts';
import { noMemory } from './no-memory.ts';
import { type Pointer, present } from './pointer.ts';

/** Rows of `width` numbers, one after the other, in a buffer that ggml knows. */
export interface NativeRows {
  buffer: Pointer;
  address: Pointer;
  dtype: GgmlDtype;
  rows: number;
  width: number;
}

/** Some of the rows. */
export function rowsFrom(all: NativeRows, start: number, rows: number): NativeRows {
  return { ...all, address: all.address + BigInt(bytesOf(all.dtype, [start, all.width])), rows };
}

/** They must not be touched once the memory is freed. */
export function bytesOfRows({ address, dtype, rows, width }: NativeRows): Uint8Array {
  return nativeBytes(address, bytesOf(dtype, [rows, width]));
}

/** Lends memory to `use`. @throws DoesNotFitError */
export async function withRows<Result>(
  { g, backend }: Engine,
  { dtype, rows, width }: Omit<NativeRows, 'buffer' | 'address'>,
  use: (lent: NativeRows) => Promise<Result>,
): Promise<Result> {
  const arena = newArena(g, 1);
  const tensor = g.newTensor4d(arena, ggmlTypes[dtype], width, rows, 1, 1);
  const buffer = g.allocCtxTensors(arena, backend);
  try {
    if (buffer === null) throw noMemory(bytesOf(dtype, [rows, width]));
    return await use({ buffer, address: present(g.getData(tensor), 'the memory of rows'), dtype, rows, width });
  } finally {
    if (buffer !== null) g.bufferFree(buffer);
    g.free(arena);
  }
}

/** Writes the same numbers in another type. Block types are made of float32, and are read as such. */
export async function convertRows(engine: Engine, from: NativeRows, to: NativeRows): Promise<void> {
  if (!isBlock(to.dtype)) return castRows(engine, from, to);
  if (from.dtype === 'float32') return quantiseRows(engine, from, to);
  await withRows(engine, { ...from, dtype: 'float32' }, async (numbers) => {
    await castRows(engine, from, numbers);
    await quantiseRows(engine, numbers, to);
  });
}

function isBlock(dtype: GgmlDtype): boolean {
  return dtypes[dtype].elements > 1;
}

/** As llama.cpp writes its files. A copy in a graph rounds what lies between two numbers by the processor instead. */
function quantiseRows({ g }: Engine, { address, rows, width }: NativeRows, to: NativeRows): Promise<void> {
  return called((done) => g.quantizeChunk.async(ggmlTypes[to.dtype], address, to.address, 0, rows, width, null, done));
}

async function castRows(engine: Engine, from: NativeRows, to: NativeRows): Promise<void> {
  const { g, backend } = engine;
  const tensors = 4;
  const arena = newArena(g, tensors, tensors);
  const allocator = present(g.gallocrNew(g.getDefaultBufferType(backend)), 'an allocator to convert weights');
  const tensorOf = ({ buffer, address, dtype, rows, width }: NativeRows) => {
    const tensor = g.newTensor4d(arena, ggmlTypes[dtype], width, rows, 1, 1);
    if (g.tensorAlloc(buffer, tensor, address) !== 0) throw new Error(`ggml refused rows of ${dtype} at ${address}`);
    return tensor;
  };
  try {
    const graph = present(g.newGraphCustom(arena, tensors, false), 'a graph to convert weights');
    const source = tensorOf(from);
    const isDirect = from.dtype === 'float32' || to.dtype === 'float32';
    const numbers = isDirect ? source : g.cast(arena, source, ggmlTypes.float32);
    g.buildForwardExpand(graph, g.cpy(arena, numbers, tensorOf(to)));
    if (!g.gallocrAllocGraph(allocator, graph)) throw noMemory(4 * from.rows * from.width);
    await engine.compute(graph);
  } finally {
    g.gallocrFree(allocator);
    g.free(arena);
  }
}
