import { basename, dirname } from 'node:path';
import { readSafetensorsHeader } from '@tttv2/hf';
import { localFiles } from '@tttv2/hf/node';
import { CheckpointError, type Dtype } from '@tttv2/spec';
import { z } from 'zod';
import { readJsonFile } from './read-json-file.ts';

const integers = z.array(z.number().int().nonnegative()).min(1);

/** Token ids or positions from a file: a JSON array, or the first integer tensor of a .safetensors. @throws CheckpointError */
export async function readIntegers(path: string): Promise<number[]> {
  return path.endsWith('.safetensors') ? readFirstTensor(path) : readJsonFile(path, integers);
}

async function readFirstTensor(path: string): Promise<number[]> {
  const file = await (await localFiles(dirname(path))).open(basename(path));
  try {
    const tensors = await readSafetensorsHeader(file, path);
    const first = [...tensors.values()].find(({ dtype }) => dtype === 'int32' || dtype === 'int64');
    if (first === undefined) throw new CheckpointError({ file: path, message: 'has no tensor of int32 or int64' });
    return decodeIntegers(await file.read(first.offset, first.bytes), first.dtype);
  } finally {
    await file.close();
  }
}

/** Numbers stored as int64 or, what is not that, as int32. */
export function decodeIntegers(bytes: Uint8Array, dtype: Dtype): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = dtype === 'int64' ? 8 : 4;
  return Array.from({ length: bytes.byteLength / size }, (_, i) =>
    dtype === 'int64' ? Number(view.getBigInt64(i * size, true)) : view.getInt32(i * size, true),
  );
}
