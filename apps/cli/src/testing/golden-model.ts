import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomWeights } from '@tttv2/graph';
import { z } from 'zod';
import { SafetensorsWriter } from '../safetensors-writer.ts';
import { writeBeside } from '../write-beside.ts';

/** Where transformers' numbers lie: `tooling/golden` says how they were recorded. */
const fixtures = fileURLToPath(new URL('../../../../packages/factory/src/fixtures/', import.meta.url));

const recipeSchema = z.object({
  seed: z.number(),
  tensors: z.record(z.string(), z.object({ shape: z.array(z.number()), mean: z.number(), std: z.number() })),
});

/** Writes the checkpoint that a golden fixture was recorded with, and the recording. */
export async function writeGoldenModel(folder: string, name: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const file of ['config.json', 'golden.safetensors'])
    await copyFile(join(fixtures, name, file), join(folder, file));
  const { seed, tensors } = recipeSchema.parse(
    JSON.parse(await readFile(join(fixtures, name, 'weights.json'), 'utf8')),
  );
  const plan = Object.entries(tensors).map(([tensor, { shape }]) => ({ name: tensor, dtype: 'F32' as const, shape }));
  await writeBeside(join(folder, 'model.safetensors'), async (file) => {
    const writer = await SafetensorsWriter.begin(file, plan);
    for (const [stream, { shape, mean, std }] of Object.entries(tensors)) {
      const count = shape.reduce((product, dim) => product * dim, 1);
      await writer.write(randomWeights({ seed, stream, mean, std, count }));
    }
    writer.end();
  });
  return folder;
}
