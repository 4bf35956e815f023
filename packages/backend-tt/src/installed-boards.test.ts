import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { boards } from './devices/index.ts';
import { installedBoards } from './installed-boards.ts';

const folder = await mkdtemp(join(tmpdir(), 'tttv2-boards-'));
afterAll(() => rm(folder, { recursive: true }));

async function cards(name: string, ...types: (string | null)[]): Promise<string> {
  for (const [i, type] of types.entries()) {
    const chip = join(folder, name, `tenstorrent!${i}`);
    await mkdir(chip, { recursive: true });
    if (type !== null) await writeFile(join(chip, 'tt_card_type'), `${type}\n`);
  }
  return join(folder, name);
}

const found = async (path: string) => (await installedBoards(boards, path)).map(({ spec }) => spec.name);

test('a board is found by its card', async () => {
  expect(await found(await cards('one', 'n150'))).toEqual(['n150']);
  expect(await found(await cards('lettered', 'p150a'))).toEqual(['p150']);
  expect(await found(await cards('several', 'p150b', 'n150d', 'n150s'))).toEqual(['n150', 'p150']);
});

test('none is found without a driver, or where it shows others', async () => {
  expect(await found(join(folder, 'nowhere'))).toEqual([]);
  expect(await found(await cards('others', 'n300s', null, 'n1500', 'grayskull'))).toEqual([]);
});
