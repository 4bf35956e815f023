import { UnsupportedHardwareError } from '@tttv2/spec';
import type { Board } from './board.ts';
import { n150 } from './n150.ts';
import { p150 } from './p150.ts';

export const boards: readonly Board[] = [n150, p150];

/** Why a device that people ask for is not among the boards. */
const reasons: Readonly<Record<string, string>> = {
  grayskull: 'ttnn has dropped Grayskull',
  n300: 'it is two chips, and programs for a mesh are not lowered yet',
};

/** The board of this name. @throws UnsupportedHardwareError that names the boards there are. */
export function boardOf(name: string): Board {
  const board = boards.find(({ spec }) => spec.name === name);
  if (board !== undefined) return board;
  const known = boards.map(({ spec }) => spec.name).join(', ');
  const reason = Object.hasOwn(reasons, name) ? `: ${reasons[name]}` : '';
  throw new UnsupportedHardwareError({
    device: name,
    message: `there is no Tenstorrent board "${name}"${reason}; there is ${known}`,
  });
}
