import { z } from 'zod';
import { positiveInt } from './numbers.ts';
import { parseWith } from './parse.ts';
import { precisionPresetSchema, precisionSchema } from './precision.ts';
import { kvCacheDtypeSchema, weightDtypeSchema } from './storage-dtypes.ts';

/**
 * Where and how a model runs: the seed's `HardwareConfig`. A field that is absent is resolved by the backend, which
 * shows what it chose; a field that a backend cannot honour it refuses by name.
 */
export const hardwareConfigSchema = z.strictObject({
  /** A backend's device, e.g. `cpu`. */
  deviceType: z.string().min(1),
  useFlashAttention: z.boolean().optional(),
  /** Unset: float32 with float32 weights, else the backend's 16-bit type. */
  kvCacheDtype: kvCacheDtypeSchema.optional(),
  activationCheckpointing: z.boolean().optional(),
  tensorParallelSize: positiveInt.optional(),
  pipelineParallelSize: positiveInt.optional(),
  /** Unset: as stored. Rows that are no whole blocks of `q4_k` are held as q5_0; of that or another type in blocks, as float32. */
  weightDtype: weightDtypeSchema.optional(),
  quantizeWeights: z.boolean().optional(),
  quantizeActivations: z.boolean().optional(),
  /**
   * false: ops are taken apart where a device can do without. true: projections of the same values are one product, too,
   * where a backend has a use for that; weights that are views of a file are then copied.
   */
  useFusedKernels: z.boolean().optional(),
  optimizeForInference: z.boolean().optional(),
  /** CPU threads; unset: the cores there are. */
  threads: positiveInt.optional(),
  /** Sequences at once; unset: no limit but the device's. */
  maxBatch: positiveInt.optional(),
  /** Tokens of a sequence; unset: no limit but the device's and the model's. */
  maxContext: positiveInt.optional(),
  /** Tokens of a prompt that are computed at once; unset: the device's choice. */
  prefillChunk: positiveInt.optional(),
  /** Types of groups of weights and of the cache, or the backend's choice by a name. */
  precision: z.union([precisionPresetSchema, precisionSchema]).optional(),
});
export type HardwareConfig = z.infer<typeof hardwareConfigSchema>;

/** A hardware configuration, checked. @throws SpecError that names the field. */
export function hardwareConfig(options: HardwareConfig): HardwareConfig {
  return parseWith(hardwareConfigSchema, options);
}
