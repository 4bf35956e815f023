import type { DeviceSpec } from '@tttv2/spec';
import { storageOf } from './storage.ts';

/** Derived: 32 Wormhole chips with the memory of an n150's. Their cores and bandwidth are unknown to us. */
export const galaxy: DeviceSpec = {
  name: 'galaxy',
  description: 'Tenstorrent Galaxy, 32 Wormhole chips',
  cores: null,
  memoryBytes: 32 * 12e9,
  bandwidth: null,
  mesh: [8, 4],
  storage: storageOf(12e9),
};
