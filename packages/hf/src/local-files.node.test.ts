import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointError } from '@tttv2/spec';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { localFiles } from './local-files.node.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tttv2-files-'));
  await mkdir(join(folder, 'inner'));
  await writeFile(join(folder, 'config.json'), '{}');
  await writeFile(join(folder, 'broken.json'), Uint8Array.of(0xff));
  await writeFile(join(folder, 'model.gguf'), Uint8Array.of(1, 2, 3, 4));
});
afterAll(() => rm(folder, { recursive: true }));

test('a folder gives its files, and nothing beyond them', async () => {
  const files = await localFiles(folder);
  expect((await files.list()).toSorted()).toEqual(['broken.json', 'config.json', 'model.gguf']);
  expect([await files.has('config.json'), await files.has('inner'), await files.has('../x')]).toEqual([
    true,
    false,
    false,
  ]);
  expect(await files.readText('config.json')).toBe('{}');
  await expect(files.readText('../config.json')).rejects.toThrow(/is not there; there are/);
  await expect(files.readText('broken.json')).rejects.toThrow(/broken\.json: is not text in UTF-8/);
});

test('one .gguf file stands alone', async () => {
  const files = await localFiles(join(folder, 'model.gguf'));
  expect([files.name, await files.list()]).toEqual(['model.gguf', ['model.gguf']]);
});

test('a file is read in pieces, to its end and no further', async () => {
  const file = await (await localFiles(folder)).open('model.gguf');
  expect([file.size, file.path]).toEqual([4, join(folder, 'model.gguf')]);
  expect([...(await file.read(1, 3))]).toEqual([2, 3, 4]);
  await expect(file.read(2, 3)).rejects.toThrow(/\(at byte 2\): ends before the 3 bytes/);
  await file.close();
  await expect(file.read(0, 1)).rejects.toThrow(CheckpointError);
});

test('what is not there, or not a model, is named with what to do', async () => {
  await expect(localFiles(join(folder, 'none'))).rejects.toThrow(/none: there is no such folder or file: give/);
  await expect(localFiles(join(folder, 'config.json'))).rejects.toThrow(/neither a folder nor a \.gguf file/);
});
