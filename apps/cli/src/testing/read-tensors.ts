import { basename, dirname } from 'node:path';
import { readSafetensorsHeader } from '@tttv2/hf';
import { localFiles } from '@tttv2/hf/node';

export interface ReadTensor {
  dtype: string;
  shape: number[];
  numbers: number[];
}

/** All tensors of a safetensors file of float32 and int32. */
export async function readTensors(path: string): Promise<Record<string, ReadTensor>> {
  const file = await (await localFiles(dirname(path))).open(basename(path));
  const tensors: Record<string, ReadTensor> = {};
  for (const [name, { dtype, shape, offset, bytes }] of await readSafetensorsHeader(file, path)) {
    const view = new DataView((await file.read(offset, bytes)).buffer);
    const at = (i: number) => (dtype === 'int32' ? view.getInt32(4 * i, true) : view.getFloat32(4 * i, true));
    tensors[name] = { dtype, shape, numbers: Array.from({ length: bytes / 4 }, (_, i) => at(i)) };
  }
  await file.close();
  return tensors;
}
