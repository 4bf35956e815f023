import type { Board } from './board.ts';
import { storageOf } from './storage.ts';

/** Source: the vendor's product page. */
export const n150: Board = {
  spec: {
    name: 'n150',
    description: 'Tenstorrent Wormhole n150',
    cores: 72,
    memoryBytes: 12e9,
    bandwidth: 288e9,
    mesh: [1, 1],
    storage: storageOf(12e9),
  },
  arch: 'wormhole_b0',
  // ttnn warns that HiFi4 with float32 accumulation is less accurate than HiFi3 on Wormhole, for a fault of the hardware.
  mathFidelity: 'HiFi3',
};
