import { z } from 'zod';
import { ropeDictSchema, ropeKeys } from './rope-config.ts';

const partKey = { partial_rotary_factor: z.number().positive().max(1).nullish() };

/** What a family reads of its rotary positions where only a part of each head turns. */
export const partialRopeDictSchema = ropeDictSchema.and(z.object(partKey).nullish()).optional();

/** The keys about rotary positions of a part of each head, as `ropeKeys` are about those of all of it. */
export const partialRopeKeys = {
  ...ropeKeys,
  ...partKey,
  rope_scaling: partialRopeDictSchema,
  rope_parameters: partialRopeDictSchema,
};

interface PartialRopeConfig {
  partial_rotary_factor?: number | null | undefined;
  rope_scaling?: z.infer<typeof partialRopeDictSchema>;
  rope_parameters?: z.infer<typeof partialRopeDictSchema>;
}

/** Dimensions of a head that turn. The dictionary goes before the key beside it. */
export function rotaryDimOf(config: PartialRopeConfig, headDim: number, defaultPart = 1): number {
  const dict = config.rope_scaling ?? config.rope_parameters;
  return Math.trunc(headDim * (dict?.partial_rotary_factor ?? config.partial_rotary_factor ?? defaultPart));
}
