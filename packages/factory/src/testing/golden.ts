import { dequantise } from '@tttv2/graph';
import { readSafetensorsHeader } from '@tttv2/hf';
import { localFiles } from '@tttv2/hf/node';

/** Folder of a tiny model with the numbers that transformers computes for it. */
export function goldenFolder(name: string): string {
  return new URL(`../fixtures/${name}`, import.meta.url).pathname;
}

/** All tensors of a fixture's `golden.safetensors`, as numbers. */
export async function golden(name: string): Promise<(tensor: string) => Float32Array> {
  const file = await (await localFiles(goldenFolder(name))).open('golden.safetensors');
  const views = await readSafetensorsHeader(file, 'golden.safetensors');
  const tensors = new Map<string, Float32Array>();
  for (const [tensor, { offset, bytes, dtype }] of views) {
    const data = await file.read(offset, bytes);
    const numbers = dtype === 'int32' ? new Int32Array(data.slice().buffer) : dequantise(data, dtype);
    tensors.set(tensor, Float32Array.from(numbers));
  }
  await file.close();
  return (tensor) => tensors.get(tensor) ?? new Float32Array();
}
