import type { RopeScaling, RopeSpec } from '@tttv2/spec';
import { z } from 'zod';
import { notOneOf, positive, positiveInt } from './config-values.ts';

const common = { type: z.string().nullish(), rope_theta: positive.nullish() };
const originalLength = { original_max_position_embeddings: positiveInt.nullish() };
const factors = z.array(positive).max(2 ** 16);

/** What each `rope_type` reads. Source of names and defaults: transformers' `modeling_rope_utils.py` (5.24). */
const variants = {
  default: z.object({ rope_type: z.literal('default'), ...common }),
  linear: z.object({ rope_type: z.literal('linear'), ...common, factor: positive }),
  dynamic: z.object({ rope_type: z.literal('dynamic'), ...common, factor: positive }),
  llama3: z
    .object({
      rope_type: z.literal('llama3'),
      ...common,
      ...originalLength,
      factor: positive,
      low_freq_factor: positive,
      high_freq_factor: positive,
    })
    .refine(({ low_freq_factor, high_freq_factor }) => low_freq_factor < high_freq_factor, {
      path: ['high_freq_factor'],
      message: 'must be above low_freq_factor',
    }),
  yarn: z.object({
    rope_type: z.literal('yarn'),
    ...common,
    ...originalLength,
    factor: positive.nullish(),
    attention_factor: positive.nullish(),
    mscale: z.number().nullish(),
    mscale_all_dim: z.number().nullish(),
    beta_fast: positive.nullish(),
    beta_slow: positive.nullish(),
    truncate: z.boolean().nullish(),
  }),
  longrope: z.object({
    rope_type: z.literal('longrope'),
    ...common,
    ...originalLength,
    factor: positive.nullish(),
    attention_factor: positive.nullish(),
    short_factor: factors,
    long_factor: factors,
  }),
};
const { default: plain, ...scaled } = variants;
/** A dictionary that names a scaling, or none. */
export const ropeDictSchema = z.preprocess(
  nameType,
  z.discriminatedUnion('rope_type', [plain, ...Object.values(scaled)]).nullish(),
);
type RopeDict = NonNullable<z.infer<typeof ropeDictSchema>>;
type Scaled<Type extends RopeDict['rope_type']> = Extract<RopeDict, { rope_type: Type }>;

/** The keys about rotary positions, for a family's schema: those of files on the hub and those that transformers 5 writes. */
export const ropeKeys = {
  rope_theta: positive.nullish(),
  rope_scaling: ropeDictSchema,
  rope_parameters: ropeDictSchema,
  ...originalLength,
};

/** `rope_parameters` of families whose layers turn by one table or another, by what transformers calls the layers. */
export const ropeParametersByLayerType = z
  .object({ full_attention: ropeDictSchema, sliding_attention: ropeDictSchema })
  .nullish();

export interface RopeConfig {
  rope_theta?: number | null | undefined;
  rope_scaling?: RopeDict | null | undefined;
  rope_parameters?: RopeDict | null | undefined;
  original_max_position_embeddings?: number | null | undefined;
  max_position_embeddings: number;
}

/** The rotary table of a model whose layers share one. `defaultTheta` is that of the family. */
export function ropeOf(config: RopeConfig, rotaryDim: number, defaultTheta = 10000): RopeSpec {
  const dict = config.rope_scaling ?? config.rope_parameters ?? { rope_type: 'default' };
  return {
    theta: dict.rope_theta ?? config.rope_theta ?? defaultTheta,
    rotaryDim,
    layout: 'half',
    scaling: scalingOf(dict, config),
  };
}

function scalingOf(dict: RopeDict, config: RopeConfig): RopeScaling {
  switch (dict.rope_type) {
    case 'default':
      return { kind: 'default' };
    case 'linear':
      return { kind: 'linear', factor: dict.factor };
    case 'dynamic':
      return { kind: 'dynamic', factor: dict.factor, originalMaxSeqLen: config.max_position_embeddings };
    case 'llama3':
      return {
        kind: 'llama3',
        factor: dict.factor,
        lowFreqFactor: dict.low_freq_factor,
        highFreqFactor: dict.high_freq_factor,
        originalMaxSeqLen: originalMaxSeqLen(dict, config),
      };
    case 'yarn':
      return yarn(dict, config);
    case 'longrope':
      return longrope(dict, config);
  }
}

function yarn(dict: Scaled<'yarn'>, config: RopeConfig): RopeScaling {
  const original = originalMaxSeqLen(dict, config);
  const factor = dict.factor ?? config.max_position_embeddings / original;
  return {
    kind: 'yarn',
    factor,
    originalMaxSeqLen: original,
    betaFast: dict.beta_fast ?? 32,
    betaSlow: dict.beta_slow ?? 1,
    truncate: dict.truncate ?? true,
    attentionFactor: dict.attention_factor ?? yarnAttentionFactor(factor, dict),
  };
}

/** YaRN (arXiv:2309.00071) suggests 0.1 ln(factor) + 1; DeepSeek divides two such terms. */
function yarnAttentionFactor(factor: number, { mscale, mscale_all_dim }: Scaled<'yarn'>): number {
  const term = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  return mscale && mscale_all_dim ? term(mscale) / term(mscale_all_dim) : term(1);
}

/** LongRoPE (arXiv:2402.13753): sqrt(1 + ln(factor) / ln(original length)) unless the config says otherwise. */
function longrope(dict: Scaled<'longrope'>, config: RopeConfig): RopeScaling {
  const original = originalMaxSeqLen(dict, config);
  const factor = dict.factor ?? config.max_position_embeddings / original;
  const suggested = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
  return {
    kind: 'longrope',
    shortFactors: dict.short_factor,
    longFactors: dict.long_factor,
    originalMaxSeqLen: original,
    attentionFactor: dict.attention_factor ?? suggested,
  };
}

/** Beside the dictionary it has precedence over within it, as in transformers. */
function originalMaxSeqLen(
  dict: { original_max_position_embeddings?: number | null | undefined },
  config: RopeConfig,
): number {
  return (
    config.original_max_position_embeddings ?? dict.original_max_position_embeddings ?? config.max_position_embeddings
  );
}

/** Older files say `type`; a dictionary without either is the default, and an empty one is none. */
function nameType(dict: unknown, context: z.RefinementCtx): unknown {
  if (typeof dict !== 'object' || dict === null || Array.isArray(dict)) return dict;
  const found = new Map<string, unknown>(Object.entries(dict));
  if (found.size === 0) return null;
  const key = found.has('rope_type') ? 'rope_type' : 'type';
  const type = found.get(key) ?? 'default';
  if (typeof type === 'string' && Object.hasOwn(variants, type)) return { ...dict, rope_type: type };
  context.addIssue({ ...notOneOf(type, Object.keys(variants)), path: [key] });
  return z.NEVER;
}
