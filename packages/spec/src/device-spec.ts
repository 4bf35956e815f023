import { z } from 'zod';
import { deviceStorage, deviceStorageSchema } from './device-storage.ts';
import { positive, positiveInt } from './numbers.ts';

/** A device as a backend finds it, or as a table or a file describes one. All its numbers are of the whole: of a board of two chips, of both. */
export const deviceSpecSchema = z.strictObject({
  /** What `load(…, { device })` takes, e.g. `cpu`. */
  name: z.string().min(1),
  /** For people: the processor's or board's name. */
  description: z.string(),
  /** Processors that compute (cores, Tensix cores); null when unknown. */
  cores: positiveInt.nullable(),
  /** Bytes of memory for weights, caches and activations; null when unknown, or when they need not lie there. */
  memoryBytes: positiveInt.nullable(),
  /** Bytes a second between memory and processors; null when unknown. */
  bandwidth: positive.nullable(),
  /** Devices along each axis: `[1, 1]` for one. Each has its even part of the memory. */
  mesh: z.tuple([positiveInt, positiveInt]),
  storage: deviceStorageSchema.default(() => deviceStorage()),
});
export type DeviceSpec = z.infer<typeof deviceSpecSchema>;
