import { z } from 'zod';
import { meshAxisSchema } from './mesh.ts';

/**
 * How a whole tensor lies on a mesh: its `size` elements along `axis` are cut evenly over the devices along `meshAxis`,
 * in order. Where rows do not divide, the last part is filled up with zeros.
 */
export const shardingSchema = z.strictObject({
  axis: z.number().int().nonnegative(),
  meshAxis: meshAxisSchema,
  size: z.number().int().positive(),
});
export type Sharding = z.infer<typeof shardingSchema>;

/** The shape of the whole of which a device holds a part of shape `part`. */
export function wholeShape(part: readonly number[], sharding: Sharding | null): number[] {
  return sharding === null ? [...part] : part.with(sharding.axis, sharding.size);
}
