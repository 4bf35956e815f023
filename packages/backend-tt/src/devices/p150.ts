import type { Board } from './board.ts';
import { storageOf } from './storage.ts';

/** Source: the vendor's product page; cores since the firmware of February 2026 (140 before). */
export const p150: Board = {
  spec: {
    name: 'p150',
    description: 'Tenstorrent Blackhole p150',
    cores: 120,
    memoryBytes: 32e9,
    bandwidth: 512e9,
    mesh: [1, 1],
    storage: storageOf(32e9),
  },
  arch: 'blackhole',
  mathFidelity: 'HiFi4',
};
