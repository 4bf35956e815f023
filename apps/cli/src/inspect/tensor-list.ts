import { basename, dirname } from 'node:path';
import { readSafetensorsHeader } from '@tttv2/hf';
import { localFiles } from '@tttv2/hf/node';
import { showRanges } from '../ranges.ts';
import { showBytes, showCount } from '../units.ts';

/** What lies in a safetensors file, of whatever model. */
export interface TensorList {
  name: string;
  format: 'safetensors';
  parameters: number;
  bytes: number;
  tensors: { name: string; dtype: string; shape: number[]; bytes: number }[];
}

/** Reads the header of a safetensors file, which may end there. @throws CheckpointError */
export async function listTensors(path: string): Promise<TensorList> {
  const name = basename(path);
  const file = await (await localFiles(dirname(path))).open(name);
  try {
    const header = await readSafetensorsHeader(file, name, { headersOnly: true });
    const tensors = [...header].map(([name, { dtype, shape, bytes }]) => ({ name, dtype, shape: [...shape], bytes }));
    const total = (count: (tensor: (typeof tensors)[number]) => number) =>
      tensors.reduce((sum, tensor) => sum + count(tensor), 0);
    return {
      name,
      format: 'safetensors',
      parameters: total(({ shape }) => shape.reduce((product, dim) => product * dim, 1)),
      bytes: total(({ bytes }) => bytes),
      tensors,
    };
  } finally {
    await file.close();
  }
}

/** Tensors that are alike but for the first number in their names, that of the layer, are one line. */
export function showTensors({ name, format, parameters, bytes, tensors }: TensorList): string {
  const alike = new Map<string, number[]>();
  for (const { name, shape, dtype } of tensors) {
    const layer = /(?<=\.)\d+(?=\.)/.exec(name)?.[0];
    const line = `${name.replace(/(?<=\.)\d+(?=\.)/, '{i}')}  ${dtype} [${shape.join(', ')}]`;
    alike.set(line, [...(alike.get(line) ?? []), ...(layer === undefined ? [] : [Number(layer)])]);
  }
  return [
    `${name} (${format})`,
    '',
    ...[...alike].map(([line, layers]) => `  ${line.replace('{i}', `{${showRanges(layers.sort((a, b) => a - b))}}`)}`),
    '',
    `${tensors.length} tensors, ${showCount(parameters)} parameters, ${showBytes(bytes)}`,
  ].join('\n');
}
