import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { computeOnCpu } from './compute-on-cpu.ts';
import { examineMemory, examineNode } from './examine.ts';
import { examineEncoded, examineFolder } from './examine-folder.ts';
import { examineTenstorrent } from './tenstorrent.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tttv2-doctor-'));
});
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ['18.20.0', 'bad'],
  ['20.18.3', 'bad'],
  ['20.19.0', 'good'],
  ['24.0.0', 'good'],
])('Node.js %s is %s', (version, state) => {
  expect(examineNode(version)).toMatchObject({ state, found: version });
});

test('little free memory is poor', () => {
  expect(examineMemory(2 ** 30, 2 ** 34)).toMatchObject({ state: 'poor', advice: expect.stringContaining('smaller') });
  expect(examineMemory(2 ** 33, 2 ** 34)).toMatchObject({ state: 'good', advice: null });
});

test('the processor computes what the definition says', async () => {
  expect(await computeOnCpu()).toBeLessThan(1e-5);
});

test('a folder that is not there yet is looked at where it would be', async () => {
  expect(await examineFolder('models', join(folder, 'a', 'b'))).toMatchObject({
    state: 'good',
    found: expect.stringMatching(/^0 in .*b, .* free on its disk$/),
    advice: 'tttv2 pull fetches one',
  });
});

test('encoded weights are counted, and nothing beside them', async () => {
  const encoded = await mkdtemp(join(folder, 'encoded-'));
  expect(await examineEncoded(encoded)).toMatchObject({ state: 'absent', advice: null });
  for (const name of ['a.weights', 'b.weights', 'c.part']) await writeFile(join(encoded, name), new Uint8Array(1500));
  expect(await examineEncoded(encoded)).toMatchObject({ state: 'good', found: `weights of 2 in ${encoded}, 3.0 kB` });
});

test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')('a folder of others is bad', async () => {
  await chmod(folder, 0o500);
  expect(await examineFolder('models', join(folder, 'a'))).toMatchObject({ state: 'bad' });
  await chmod(folder, 0o700);
});

test('a machine without boards is none the worse for it', async () => {
  const [boards, ttnn] = await examineTenstorrent('/nowhere/python3');
  if (boards?.state === 'good') return;
  expect(boards).toMatchObject({ state: 'absent', advice: null });
  expect(ttnn).toEqual({ about: 'ttnn', state: 'absent', found: 'not in /nowhere/python3', advice: null });
});
