import type { DeviceSpec } from '@tttv2/spec';
import { storageOf } from './storage.ts';

/** Source: the vendor's product page. */
export const n300: DeviceSpec = {
  name: 'n300',
  description: 'Tenstorrent Wormhole n300',
  // 64 on each of its two chips.
  cores: 128,
  memoryBytes: 24e9,
  bandwidth: 576e9,
  mesh: [1, 2],
  storage: storageOf(12e9),
};
