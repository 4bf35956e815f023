import { z } from 'zod';
import { attentionSpecSchema, type InlineAttentionSpec, inlineAttentionSpecSchema } from './attention-spec.ts';
import { type FfnSpec, ffnSpecSchema } from './ffn-spec.ts';
import { gatedDeltaSpecSchema } from './gated-delta-spec.ts';
import { type InlineMlaSpec, inlineMlaSpecSchema, mlaSpecSchema } from './mla-spec.ts';
import { type MoeSpec, moeSpecSchema } from './moe-spec.ts';
import { type NormSpec, type NormType, normSpecSchema } from './norm-spec.ts';
import { positive } from './numbers.ts';
import { parseWith } from './parse.ts';
import { ssdSpecSchema } from './ssd-spec.ts';

/** Where a layer normalises; null where it does not. */
const layerNormsSchema = z.strictObject({
  preMixer: normSpecSchema.nullable(),
  postMixer: normSpecSchema.nullable(),
  preFfn: normSpecSchema.nullable(),
  postFfn: normSpecSchema.nullable(),
});
export type LayerNorms = z.infer<typeof layerNormsSchema>;

/** What mixes tokens. */
const mixerSpecSchema = z.discriminatedUnion('kind', [
  ...([attentionSpecSchema, mlaSpecSchema, ssdSpecSchema, gatedDeltaSpecSchema] as const),
]);
export type MixerSpec = z.infer<typeof mixerSpecSchema>;

const layerShape = {
  /** null: a layer that mixes alone. */
  ffn: z.discriminatedUnion('kind', [ffnSpecSchema, moeSpecSchema]).nullable(),
  norms: layerNormsSchema,
  /**
   * `sublayer`: `x + post(f(pre x))`, each norm where it stands.
   * `residual`: the post norm is outside of the sum, `post(x + f(x))`, as in the first transformers (the seed's `pre_norm: false`).
   */
  postNormOf: z.enum(['sublayer', 'residual']),
  /**
   * `sequential`: the network reads the sum of input and mixer.
   * `parallel`: mixer and network read the layer's input, and both are added to it (GPT-J, Phi). Without a norm of its own
   * (`preFfn`) the network reads what the mixer reads.
   */
  residual: z.enum(['sequential', 'parallel']).default('sequential'),
  /** Multiplies what each sublayer gives before it is added (Granite). */
  residualScale: positive.default(1),
  /** What leaves the layer is multiplied by a learned number (Gemma 4). */
  useOutputScale: z.boolean().default(false),
};

/** One transformer layer: a token mixer (null: a network alone), then a feed-forward network, each on a residual. */
export const layerSpecSchema = z
  .strictObject({ mixer: mixerSpecSchema.nullable(), ...layerShape })
  .superRefine(checkLayer);
export type LayerSpec = z.infer<typeof layerSpecSchema>;

/** A layer that stands alone, its rotary table inline. */
const inlineLayerSpecSchema = z
  .strictObject({
    mixer: z
      .discriminatedUnion('kind', [
        ...([inlineAttentionSpecSchema, inlineMlaSpecSchema, ssdSpecSchema, gatedDeltaSpecSchema] as const),
      ])
      .nullable(),
    ...layerShape,
  })
  .superRefine(checkLayer);
export type InlineLayerSpec = z.infer<typeof inlineLayerSpecSchema>;

/** What mixes tokens: attention by the seed's name, or a mixer of another kind. */
type MixerOptions =
  | { attention: InlineAttentionSpec | InlineMlaSpec; mixer?: undefined }
  /** null: a network alone. */
  | { attention?: undefined; mixer: InlineLayerSpec['mixer'] };

export type LayerOptions = MixerOptions & LayerShapeOptions;

export interface LayerShapeOptions {
  /** null: a layer that mixes alone. */
  ffn: FfnSpec | MoeSpec | null;
  /** Default `rms_norm`. */
  normType?: NormType;
  /** Default 1e-6. */
  normEps?: number;
  /** Default true; false normalises after each residual sum. */
  preNorm?: boolean;
  /** Adds the same norm to what each sublayer gives, before it is summed (Gemma). Default false. */
  postNorm?: boolean;
  /** Default `plain`. */
  normWeight?: NormSpec['weight'];
  /** Default: the norms that `preNorm` and `postNorm` ask for. */
  norms?: LayerNorms;
  /** Default: `residual` for `preNorm: false`, else `sublayer`. */
  postNormOf?: LayerSpec['postNormOf'];
  /** Default `sequential`. A parallel layer has one norm for both sublayers; give `norms` for two. */
  residual?: LayerSpec['residual'];
  /** Default 1. */
  residualScale?: number;
  /** Default false. */
  useOutputScale?: boolean;
}

/** A layer that stands alone, by the seed's names and defaults. @throws SpecError that names the field. */
export function layerSpec(options: LayerOptions): InlineLayerSpec {
  const { ffn, normType = 'rms_norm', normEps = 1e-6, preNorm = true, postNorm = false } = options;
  const { normWeight: weight = 'plain', residual = 'sequential', residualScale = 1 } = options;
  const mixer = options.mixer === undefined ? options.attention : options.mixer;
  const useBias = normType === 'layer_norm' && weight !== 'none';
  const norm: NormSpec = { normType, normEps, useBias, weight };
  const [before, after] = preNorm ? [norm, postNorm ? norm : null] : [null, norm];
  const hasOneNorm = residual === 'parallel' && preNorm;
  return parseWith(inlineLayerSpecSchema, {
    mixer,
    ffn,
    norms: options.norms ?? {
      preMixer: mixer === null ? null : before,
      postMixer: mixer === null ? null : after,
      preFfn: ffn === null || hasOneNorm ? null : before,
      postFfn: ffn === null ? null : after,
    },
    postNormOf: options.postNormOf ?? (preNorm ? 'sublayer' : 'residual'),
    residual,
    residualScale,
    useOutputScale: options.useOutputScale ?? false,
  });
}

/** Width of what goes through a layer. */
export function hiddenDimOf({ mixer, ffn }: Pick<LayerSpec, 'mixer' | 'ffn'>): number {
  return mixer?.hiddenDim ?? ffn?.hiddenDim ?? 0;
}

type Checked = Omit<LayerSpec, 'mixer'> & { mixer: object | null };

function checkLayer({ residual, postNormOf, mixer, ffn, norms }: Checked, context: z.RefinementCtx<Checked>): void {
  if (mixer === null && ffn === null)
    context.addIssue({ code: 'custom', path: ['mixer'], message: 'must not be null: there is no ffn either' });
  for (const [part, names] of [
    ['mixer', ['preMixer', 'postMixer']],
    ['ffn', ['preFfn', 'postFfn']],
  ] as const)
    for (const name of names)
      if ((part === 'mixer' ? mixer : ffn) === null && norms[name] !== null)
        context.addIssue({ code: 'custom', path: ['norms', name], message: `must be null: there is no ${part}` });
  if (residual === 'parallel' && postNormOf === 'residual')
    context.addIssue({
      code: 'custom',
      path: ['postNormOf'],
      message: 'must be "sublayer": a parallel layer has one sum, which no sublayer owns',
    });
}
