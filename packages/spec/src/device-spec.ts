import { z } from 'zod';
import { positive, positiveInt } from './numbers.ts';

/** A device as a backend finds it. */
export const deviceSpecSchema = z.strictObject({
  /** What `load(…, { device })` takes, e.g. `cpu`. */
  name: z.string().min(1),
  /** For people: the processor's or board's name. */
  description: z.string(),
  /** Processors that compute (cores, Tensix cores). */
  cores: positiveInt,
  /** Bytes of memory for weights, caches and activations. */
  memoryBytes: positiveInt,
  /** Bytes a second between memory and processors; null when unknown. */
  bandwidth: positive.nullable(),
  /** Devices along each axis: `[1, 1]` for one. */
  mesh: z.tuple([positiveInt, positiveInt]),
});
export type DeviceSpec = z.infer<typeof deviceSpecSchema>;
