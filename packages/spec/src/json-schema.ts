import { z } from 'zod';
import { hardwareConfigSchema } from './hardware-config.ts';
import { modelSpecSchema } from './model-spec.ts';

/** JSON Schema (draft 2020-12) of a resolved `ModelSpec`. Cross-field checks are not part of it. */
export function modelSpecJsonSchema(): object {
  return z.toJSONSchema(modelSpecSchema);
}

/** JSON Schema (draft 2020-12) of a `HardwareConfig`. */
export function hardwareConfigJsonSchema(): object {
  return z.toJSONSchema(hardwareConfigSchema);
}
