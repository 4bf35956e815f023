import { z } from 'zod';
import { attentionSpecSchema, type InlineAttentionSpec, inlineAttentionSpecSchema } from './attention-spec.ts';
import { type FfnSpec, ffnSpecSchema } from './ffn-spec.ts';
import { type MoeSpec, moeSpecSchema } from './moe-spec.ts';
import { type NormSpec, type NormType, normSpecSchema } from './norm-spec.ts';
import { parseWith } from './parse.ts';

/** Where a layer normalises; null where it does not. */
const layerNormsSchema = z.strictObject({
  preMixer: normSpecSchema.nullable(),
  postMixer: normSpecSchema.nullable(),
  preFfn: normSpecSchema.nullable(),
  postFfn: normSpecSchema.nullable(),
});
export type LayerNorms = z.infer<typeof layerNormsSchema>;

/** What mixes tokens; other kinds (MLA, recurrent mixers) join this union. */
const mixerSpecSchema = z.discriminatedUnion('kind', [attentionSpecSchema]);
export type MixerSpec = z.infer<typeof mixerSpecSchema>;

const layerShape = {
  ffn: z.discriminatedUnion('kind', [ffnSpecSchema, moeSpecSchema]),
  norms: layerNormsSchema,
  /**
   * `sublayer`: `x + post(f(pre x))`, each norm where it stands.
   * `residual`: the post norm is outside of the sum, `post(x + f(x))`, as in the first transformers (the seed's `pre_norm: false`).
   */
  postNormOf: z.enum(['sublayer', 'residual']),
};

/** One transformer layer: a token mixer, then a feed-forward network, each on a residual. */
export const layerSpecSchema = z.strictObject({ mixer: mixerSpecSchema, ...layerShape });
export type LayerSpec = z.infer<typeof layerSpecSchema>;

/** A layer that stands alone, its rotary table inline. */
const inlineLayerSpecSchema = z.strictObject({
  mixer: z.discriminatedUnion('kind', [inlineAttentionSpecSchema]),
  ...layerShape,
});
export type InlineLayerSpec = z.infer<typeof inlineLayerSpecSchema>;

export interface LayerOptions {
  attention: InlineAttentionSpec;
  ffn: FfnSpec | MoeSpec;
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
}

/** A layer that stands alone, by the seed's names and defaults. @throws SpecError that names the field. */
export function layerSpec(options: LayerOptions): InlineLayerSpec {
  const { attention, ffn, normType = 'rms_norm', normEps = 1e-6, preNorm = true, postNorm = false } = options;
  const { normWeight: weight = 'plain' } = options;
  const norm: NormSpec = { normType, normEps, useBias: normType === 'layer_norm', weight };
  const post = postNorm ? norm : null;
  return parseWith(inlineLayerSpecSchema, {
    mixer: attention,
    ffn,
    norms: preNorm
      ? { preMixer: norm, postMixer: post, preFfn: norm, postFfn: post }
      : { preMixer: null, postMixer: norm, preFfn: null, postFfn: norm },
    postNormOf: preNorm ? 'sublayer' : 'residual',
  });
}
