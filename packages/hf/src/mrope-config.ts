import { axisOfPair, type MropeSpec, type RopeSpec } from '@tttv2/spec';
import { z } from 'zod';
import { positiveInt } from './config-values.ts';
import { type RopeConfig, ropeDictSchema, ropeKeys, ropeOf } from './rope-config.ts';

const sectionsSchema = z
  .object({
    mrope_section: z.tuple([positiveInt, positiveInt, positiveInt]).optional(),
    mrope_interleaved: z.boolean().optional(),
  })
  .nullish();

/** What a family reads of its rotary positions, and how they turn by the position of each axis. */
const dictSchema = z.preprocess(nameDefault, ropeDictSchema.and(sectionsSchema));

/** The keys about rotary positions of three axes, as `ropeKeys` are about those of one. */
export const mropeKeys = { ...ropeKeys, rope_scaling: dictSchema, rope_parameters: dictSchema };

interface MropeConfig extends RopeConfig {
  rope_scaling?: z.infer<typeof dictSchema>;
  rope_parameters?: z.infer<typeof dictSchema>;
}

/** The rotary table of a model whose positions have three axes, with the defaults of the family: its axes follow each other, or take turns. */
export function mropeOf(
  config: MropeConfig,
  rotaryDim: number,
  defaults: { theta: number; sections: [number, number, number]; isInterleaved?: boolean },
): RopeSpec {
  const dict = config.rope_scaling ?? config.rope_parameters;
  const isInterleaved = dict?.mrope_interleaved ?? defaults.isInterleaved ?? false;
  const usual = { sections: defaults.sections, isInterleaved };
  const sections = dict?.mrope_section ?? (isInterleaved ? sectionsWithin(usual, rotaryDim / 2) : defaults.sections);
  const mrope = { sections, isInterleaved };
  return { ...ropeOf(config, rotaryDim, defaults.theta), mrope };
}

/** How many of so many pairs turn by each axis: a class's own sections hold for heads of any size where axes take turns. */
function sectionsWithin(mrope: MropeSpec, pairs: number): [number, number, number] {
  const axes = Array.from({ length: pairs }, (_, pair) => axisOfPair({ mrope }, pair));
  const count = (axis: number) => axes.filter((one) => one === axis).length;
  return [count(0), count(1), count(2)];
}

/** For a schema's `superRefine`: the sections must have the pairs of a head between them. */
export function checkSections<T extends MropeConfig>(config: T, headDim: number, context: z.RefinementCtx<T>): void {
  for (const key of ['rope_scaling', 'rope_parameters'] as const) {
    const sections = config[key]?.mrope_section;
    const sum = sections?.reduce((total, section) => total + section);
    if (sum === undefined || sum === headDim / 2) continue;
    const message = `sums up to ${sum}, but heads of ${headDim} have ${headDim / 2} pairs of dimensions`;
    context.addIssue({ code: 'custom', path: [key, 'mrope_section'], message });
  }
}

/** Files on the hub name the sections where others name a scaling. */
function nameDefault(dict: unknown): unknown {
  if (typeof dict !== 'object' || dict === null || Array.isArray(dict)) return dict;
  const found = new Map<string, unknown>(Object.entries(dict));
  return (found.get('rope_type') ?? found.get('type')) === 'mrope' ? { ...dict, rope_type: 'default' } : dict;
}
