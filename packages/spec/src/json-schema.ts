import { z } from 'zod';
import { hardwareConfigSchema } from './hardware-config.ts';
import { modelSpecSchema } from './model-spec.ts';

/**
 * JSON Schema (draft 2020-12) of what `parseModelSpec` reads: fields that came later may be left out. Cross-field checks
 * are not part of it. The package has it as `@tttv2/spec/model-spec.schema.json`.
 */
export function modelSpecJsonSchema(): object {
  return z.toJSONSchema(modelSpecSchema, { io: 'input' });
}

/** JSON Schema (draft 2020-12) of a `HardwareConfig`; in the package `@tttv2/spec/hardware-config.schema.json`. */
export function hardwareConfigJsonSchema(): object {
  return z.toJSONSchema(hardwareConfigSchema, { io: 'input' });
}
