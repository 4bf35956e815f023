import type { DeviceSpec } from '@tttv2/spec';
import { storageOf } from './storage.ts';

/** Source: the vendor's product page, of the p100a. */
export const p100: DeviceSpec = {
  name: 'p100',
  description: 'Tenstorrent Blackhole p100',
  cores: 120,
  memoryBytes: 28e9,
  bandwidth: 448e9,
  mesh: [1, 1],
  storage: storageOf(28e9),
};
