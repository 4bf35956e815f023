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

/** One transformer layer: a token mixer, then a feed-forward network, each on a residual. */
export const layerSpecSchema = z.strictObject({ mixer: mixerSpecSchema, ...layerShape }).superRefine(checkLayer);
export type LayerSpec = z.infer<typeof layerSpecSchema>;

/** A layer that stands alone, its rotary table inline. */
const inlineLayerSpecSchema = z
  .strictObject({
    mixer: z.discriminatedUnion('kind', [
      ...([inlineAttentionSpecSchema, inlineMlaSpecSchema, ssdSpecSchema, gatedDeltaSpecSchema] as const),
    ]),
    ...layerShape,
  })
  .superRefine(checkLayer);
export type InlineLayerSpec = z.infer<typeof inlineLayerSpecSchema>;

/** What mixes tokens: attention by the seed's name, or a mixer of another kind. */
type MixerOptions =
  | { attention: InlineAttentionSpec | InlineMlaSpec; mixer?: undefined }
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
  const useBias = normType === 'layer_norm' && weight !== 'none';
  const norm: NormSpec = { normType, normEps, useBias, weight };
  const post = postNorm ? norm : null;
  const preFfn = residual === 'parallel' || ffn === null ? null : norm;
  const postFfn = ffn === null ? null : post;
  return parseWith(inlineLayerSpecSchema, {
    mixer: options.mixer ?? options.attention,
    ffn,
    norms:
      options.norms ??
      (preNorm
        ? { preMixer: norm, postMixer: post, preFfn, postFfn }
        : { preMixer: null, postMixer: norm, preFfn: null, postFfn: ffn === null ? null : norm }),
    postNormOf: options.postNormOf ?? (preNorm ? 'sublayer' : 'residual'),
    residual,
    residualScale,
    useOutputScale: options.useOutputScale ?? false,
  });
}

type Checked = Omit<LayerSpec, 'mixer'>;

function checkLayer({ residual, postNormOf, ffn, norms }: Checked, context: z.RefinementCtx<Checked>): void {
  for (const name of ['preFfn', 'postFfn'] as const) {
    if (ffn === null && norms[name] !== null)
      context.addIssue({ code: 'custom', path: ['norms', name], message: 'must be null: there is no ffn' });
  }
  if (residual === 'parallel' && postNormOf === 'residual')
    context.addIssue({
      code: 'custom',
      path: ['postNormOf'],
      message: 'must be "sublayer": a parallel layer has one sum, which no sublayer owns',
    });
}
