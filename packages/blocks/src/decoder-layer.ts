import type { GraphBuilder, ValueId } from '@tttv2/graph';
import type { LayerSpec, NormSpec, RopeSpec } from '@tttv2/spec';
import { attention } from './attention.ts';
import { feedForward } from './feed-forward.ts';
import { moe } from './moe.ts';
import { norm } from './norm.ts';

/**
 * One transformer layer: two residuals, each around a sublayer with its norms.
 *
 *     x ─┬─ preMixerNorm ─ mixer ─ postMixerNorm ─ + ─┬─ preFfnNorm ─ ffn ─ postFfnNorm ─ + ─▶
 *        └────────────────────────────────────────┘   └───────────────────────────────────┘
 */
export function decoderLayer(
  builder: GraphBuilder,
  x: ValueId,
  { mixer, ffn, norms, postNormOf }: LayerSpec,
  ropeTables: Readonly<Record<string, RopeSpec>>,
): ValueId {
  const dim = mixer.hiddenDim;
  const residual = (
    from: ValueId,
    post: { scope: string; spec: NormSpec | null },
    sublayer: () => ValueId,
  ): ValueId => {
    const value = sublayer();
    const normalise = (of: ValueId) => norm(builder, post.scope, of, post.spec, dim);
    return postNormOf === 'sublayer'
      ? builder.node('add', {}, [normalise(value), from])
      : normalise(builder.node('add', {}, [value, from]));
  };
  const mixed = residual(x, { scope: 'postMixerNorm', spec: norms.postMixer }, () => {
    const input = norm(builder, 'preMixerNorm', x, norms.preMixer, dim);
    return builder.scope('mixer', () => attention(builder, input, mixer, ropeTables));
  });
  return residual(mixed, { scope: 'postFfnNorm', spec: norms.postFfn }, () => {
    const input = norm(builder, 'preFfnNorm', mixed, norms.preFfn, dim);
    return builder.scope('ffn', () =>
      ffn.kind === 'moe' ? moe(builder, input, ffn) : feedForward(builder, input, ffn),
    );
  });
}
