import { cpuBackend } from '@tttv2/backend-cpu';
import { knownDevices, ttBackend } from '@tttv2/backend-tt';
import { findDevice } from '@tttv2/factory';
import type { Backend, ExecutionMode } from '@tttv2/graph';
import { UsageError } from './usage-error.ts';

const modes: readonly ExecutionMode[] = ['device', 'reference', 'acceptance'];

const boardBackend = ttBackend({ mode: tenstorrentMode(process.env.TTTV2_TT_MODE) });

/** The kinds of device that this program brings along. */
export const backends: readonly Backend[] = [cpuBackend, boardBackend];

/** What makes programs for a device, be it here or not. @throws UnsupportedHardwareError when nobody knows it. */
export async function backendFor(device: string): Promise<Backend> {
  if (knownDevices.some(({ name }) => name === device)) return boardBackend;
  return (await findDevice(backends, device)).backend;
}

/** How programs for Tenstorrent boards are run: without a board by ttnn's golden functions, or on a mock. */
function tenstorrentMode(given = 'device'): ExecutionMode {
  const mode = modes.find((known) => known === given);
  if (mode === undefined) throw new UsageError(`TTTV2_TT_MODE: must be one of ${modes.join(', ')}, found "${given}"`);
  return mode;
}
