import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Board } from './devices/board.ts';

/** Where the vendor's driver shows each chip that it has found. */
const driver = '/sys/class/tenstorrent';

/** Which of `boards` are in this machine. Cards have a letter after the board's name, e.g. `p150a`. */
export async function installedBoards(boards: readonly Board[], folder = driver): Promise<Board[]> {
  const chips = await readdir(folder).catch(() => []);
  const cards = await Promise.all(
    chips.map((chip) => readFile(join(folder, chip, 'tt_card_type'), 'utf8').catch(() => '')),
  );
  return boards.filter(({ spec }) => cards.some((card) => card.trim().replace(/(?<=\d)[a-z]$/, '') === spec.name));
}
