import { type DeviceSpec, UnsupportedHardwareError } from '@tttv2/spec';
import type { Board } from './board.ts';
import { galaxy } from './galaxy.ts';
import { n150 } from './n150.ts';
import { n300 } from './n300.ts';
import { p100 } from './p100.ts';
import { p150 } from './p150.ts';
import { p150x4 } from './p150x4.ts';
import { p150x8 } from './p150x8.ts';
import { t3k } from './t3k.ts';

/** What programs are lowered for. */
export const boards: readonly Board[] = [n150, p150];

/** All that is known of Tenstorrent's devices, smallest first of each generation: what memory can be planned for. */
export const knownDevices: readonly DeviceSpec[] = [n150.spec, n300, t3k, galaxy, p100, p150.spec, p150x4, p150x8];

/** Why a device that people ask for is not among the boards; undefined for a name that we do not know. */
function reasonAgainst(name: string): string | undefined {
  if (name === 'grayskull') return 'ttnn has dropped Grayskull';
  const known = knownDevices.find((device) => device.name === name);
  if (known === undefined) return undefined;
  const chips = known.mesh[0] * known.mesh[1];
  return chips === 1
    ? 'programs for it were not tried yet'
    : `it is ${chips} chips, and programs for a mesh are not lowered yet`;
}

/** The board of this name. @throws UnsupportedHardwareError that names the boards there are. */
export function boardOf(name: string): Board {
  const board = boards.find(({ spec }) => spec.name === name);
  if (board !== undefined) return board;
  const known = boards.map(({ spec }) => spec.name).join(', ');
  const why = reasonAgainst(name);
  const reason = why === undefined ? '' : `: ${why}`;
  throw new UnsupportedHardwareError({
    device: name,
    message: `there is no Tenstorrent board "${name}"${reason}; there is ${known}`,
  });
}
