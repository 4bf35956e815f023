import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensorsHeader } from '@tttv2/hf';
import { localFiles } from '@tttv2/hf/node';
import { expect, test } from 'vitest';
import { type Planned, SafetensorsWriter } from './safetensors-writer.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';
import { writeBeside } from './write-beside.ts';

const folder = await temporaryFolder();
const plan: Planned[] = [
  { name: 'rows', dtype: 'F32', shape: [3, 2] },
  { name: 'ids', dtype: 'I32', shape: [2] },
];

test('writes tensors in pieces, as the reader of checkpoints reads them', async () => {
  await writeBeside(join(folder, 'a.safetensors'), async (file) => {
    const writer = await SafetensorsWriter.begin(file, plan);
    await writer.write(Float32Array.of(1, 2, 3, 4));
    await writer.write(Float32Array.of(5, 6));
    await writer.write(Int32Array.of(-7, 8));
    writer.end();
  });
  const file = await (await localFiles(folder)).open('a.safetensors');
  const tensors = await readSafetensorsHeader(file, 'a.safetensors');
  await file.close();
  const bytes = await readFile(join(folder, 'a.safetensors'));
  const rows = tensors.get('rows');
  expect(rows).toMatchObject({ dtype: 'float32', shape: [3, 2] });
  expect(tensors.get('ids')).toMatchObject({ dtype: 'int32', shape: [2] });
  expect([0, 4].map((i) => bytes.readFloatLE((rows?.offset ?? 0) + 4 * i))).toEqual([1, 5]);
  expect((rows?.offset ?? 1) % 8).toBe(0);
});

test('notices numbers that are missing', async () => {
  const write = writeBeside(join(folder, 'b.safetensors'), async (file) => {
    (await SafetensorsWriter.begin(file, plan)).end();
  });
  await expect(write).rejects.toThrow('32 bytes of the planned tensors are missing');
});
