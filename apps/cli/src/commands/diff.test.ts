import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runHere } from '../testing/run-here.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { tinyConfig } from '../testing/tiny-model.ts';

const folder = await temporaryFolder();

async function configFile(name: string, changes: object): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify({ ...tinyConfig, ...changes }));
  return path;
}

const tiny = await configFile('tiny.json', {});
const other = await configFile('other.json', { num_hidden_layers: 5, num_key_value_heads: 4, rms_norm_eps: 0.01 });

test('prints a line for each field that differs, layers that differ alike together', async () => {
  const { stdout, stderr, exitCode } = await runHere('diff', tiny, other);
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  expect(stdout.split('\n')).toEqual([
    'numLayers  3 → 5',
    'finalNorm.normEps  0.00001 → 0.01',
    'layers 0–2  mixer.numKvHeads  2 → 4',
    'layers 0–2  mixer.attentionType  "grouped_query" → "multi_head"',
    'layers 0–2  norms.preMixer.normEps  0.00001 → 0.01',
    'layers 0–2  norms.preFfn.normEps  0.00001 → 0.01',
    '',
  ]);
});

test('--json has the values themselves', async () => {
  const { stdout } = await runHere('diff', tiny, other, '--json');
  expect(JSON.parse(stdout)).toContainEqual({ path: 'mixer.numKvHeads', layers: [0, 1, 2], a: 2, b: 4 });
  expect(JSON.parse(stdout)).toContainEqual({ path: 'numLayers', layers: null, a: 3, b: 5 });
});

test('says when there is nothing to tell', async () => {
  expect((await runHere('diff', tiny, tiny)).stdout).toBe('The specifications are the same.\n');
  expect((await runHere('diff', tiny, tiny, '--json')).stdout).toBe('[]\n');
});

test('needs two', async () => {
  expect(await runHere('diff', tiny)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('B is missing') });
});
