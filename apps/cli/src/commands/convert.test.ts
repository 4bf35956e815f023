import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseModelSpec } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { runHere } from '../testing/run-here.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { tinyConfig, writeTinyModel } from '../testing/tiny-model.ts';

const folder = await temporaryFolder();
const model = await writeTinyModel(join(folder, 'model'));

test('prints the bare specification, and the report beside it', async () => {
  const config = join(folder, 'config.json');
  await writeFile(config, JSON.stringify({ ...tinyConfig, strange_key: 1 }));
  const { stdout, stderr, exitCode } = await runHere('convert', config);
  expect(exitCode).toBe(0);
  const spec = JSON.parse(stdout);
  expect(parseModelSpec(spec)).toEqual(spec);
  expect(spec).toMatchObject({ specVersion: 1, vocabSize: 64, hiddenDim: 32, numLayers: 3, tieEmbeddings: true });
  expect(spec.layers).toHaveLength(3);
  expect(stderr).toMatch(/^llama: \d+ keys understood, \d+ ignored, 1 unknown\n/);
  expect(stderr).toMatch(/unknown {5}strange_key\n$/);
  expect(Math.max(...stderr.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});

test('takes a folder, writes a file, and reads its own output', async () => {
  const out = join(folder, 'spec.json');
  expect(await runHere('convert', model, '--out', out)).toMatchObject({ exitCode: 0, stdout: '' });
  const again = await runHere('convert', out);
  expect(again).toMatchObject({ exitCode: 0, stderr: '', stdout: await readFile(out, 'utf8') });
});

test('--json has both', async () => {
  const { stdout, stderr } = await runHere('convert', model, '--json');
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({ spec: { specVersion: 1 }, report: { modelType: 'llama' } });
});
