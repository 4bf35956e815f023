import { type DeviceStorage, deviceStorage } from '@tttv2/spec';
import { maxUsers, tile } from '../phase.ts';

/**
 * How a chip with this many bytes holds a model, as `resolveHardware` and the lowerings have it. A twentieth is reserved:
 * our margin for programs, command queues and memory in pieces, which can be measured on a board alone.
 */
export function storageOf(chipBytes: number): DeviceStorage {
  return deviceStorage({
    weightDtypes: ['bfloat16', 'bfloat8_b', 'bfloat4_b'],
    tableDtype: 'bfloat16',
    kvCacheDtypes: ['bfloat16', 'bfloat8_b', 'bfloat4_b'],
    tile,
    cacheTile: tile,
    maxSequences: maxUsers,
    reservedBytes: chipBytes / 20,
  });
}
