import { z } from 'zod';
import { positiveInt } from './numbers.ts';
import { parseWith } from './parse.ts';

const kvCacheDtypeSchema = z.enum(['float32', 'float16', 'bfloat16', 'q8_0', 'q4_0', 'bfloat8_b', 'bfloat4_b']);
export type KvCacheDtype = z.infer<typeof kvCacheDtypeSchema>;

const weightDtypeSchema = z.enum(['float32', 'float16', 'bfloat16', 'int8', 'int4', 'q4_k', 'bfloat8_b', 'bfloat4_b']);
export type WeightDtype = z.infer<typeof weightDtypeSchema>;

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
  /** Unset: as stored. */
  weightDtype: weightDtypeSchema.optional(),
  quantizeWeights: z.boolean().optional(),
  quantizeActivations: z.boolean().optional(),
  useFusedKernels: z.boolean().optional(),
  optimizeForInference: z.boolean().optional(),
  /** CPU threads; unset: the cores there are. */
  threads: positiveInt.optional(),
});
export type HardwareConfig = z.infer<typeof hardwareConfigSchema>;

/** A hardware configuration, checked. @throws SpecError that names the field. */
export function hardwareConfig(options: HardwareConfig): HardwareConfig {
  return parseWith(hardwareConfigSchema, options);
}
