import { cpuBackend } from '@tttv2/backend-cpu';
import { ttBackend } from '@tttv2/backend-tt';
import type { Backend, ExecutionMode } from '@tttv2/graph';
import { UsageError } from './usage-error.ts';

const modes: readonly ExecutionMode[] = ['device', 'reference', 'acceptance'];

/** The kinds of device that this program brings along. */
export const backends: readonly Backend[] = [
  cpuBackend,
  ttBackend({ mode: tenstorrentMode(process.env.TTTV2_TT_MODE) }),
];

/** How programs for Tenstorrent boards are run: without a board by ttnn's golden functions, or on a mock. */
function tenstorrentMode(given = 'device'): ExecutionMode {
  const mode = modes.find((known) => known === given);
  if (mode === undefined) throw new UsageError(`TTTV2_TT_MODE: must be one of ${modes.join(', ')}, found "${given}"`);
  return mode;
}
