import type { GraphBuilder, ValueId } from '@tttv2/graph';
import {
  type FfnSpec,
  hiddenDimOf,
  type LayerSpec,
  type MixerSpec,
  type MoeSpec,
  type NormSpec,
  type RopeSpec,
} from '@tttv2/spec';
import { attention } from './attention.ts';
import { feedForward } from './feed-forward.ts';
import { gatedDelta } from './gated-delta.ts';
import { type MlaContext, mla } from './mla.ts';
import { moe } from './moe.ts';
import { norm } from './norm.ts';
import { ssd } from './ssd.ts';

/** What layers share. */
export interface LayerContext extends MlaContext {
  ropeTables: Readonly<Record<string, RopeSpec>>;
}

/**
 * One transformer layer: two residuals, each around a sublayer with its norms. Either sublayer may be absent.
 *
 *     x ─┬─ preMixerNorm ─ mixer ─ postMixerNorm ─ + ─┬─ preFfnNorm ─ ffn ─ postFfnNorm ─ + ─▶
 *        └────────────────────────────────────────┘   └───────────────────────────────────┘
 *
 * A parallel one has both sublayers on one residual:
 *
 *     x ─┬─ preMixerNorm ─┬─ mixer ─ postMixerNorm ─ + ─ + ─▶
 *        │                └─ ffn ─── postFfnNorm ────┘   │
 *        └───────────────────────────────────────────────┘
 */
export function decoderLayer(builder: GraphBuilder, x: ValueId, layer: LayerSpec, context: LayerContext): ValueId {
  const { mixer, ffn, norms, residual, useOutputScale } = layer;
  const leave = (value: ValueId) =>
    useOutputScale ? builder.node('mul', {}, [value, builder.parameter(`${builder.path}.outputScale`, [1])]) : value;
  const normalise = (scope: string, of: ValueId, spec: NormSpec | null) =>
    norm(builder, scope, of, spec, hiddenDimOf(layer));
  const add = (from: ValueId, value: ValueId, scope: string, post: NormSpec | null) =>
    addResidual(builder, layer, { from, value }, (of) => normalise(scope, of, post));

  const mixerInput = normalise('preMixerNorm', x, norms.preMixer);
  const mixed = mixer === null ? x : add(x, mix(builder, mixerInput, mixer, context), 'postMixerNorm', norms.postMixer);
  if (ffn === null) return leave(mixed);
  const ffnInput =
    residual === 'sequential'
      ? normalise('preFfnNorm', mixed, norms.preFfn)
      : norms.preFfn === null
        ? mixerInput
        : normalise('preFfnNorm', x, norms.preFfn);
  return leave(add(mixed, feed(builder, ffnInput, ffn), 'postFfnNorm', norms.postFfn));
}

function mix(builder: GraphBuilder, x: ValueId, mixer: MixerSpec, context: LayerContext): ValueId {
  return builder.scope('mixer', () => {
    switch (mixer.kind) {
      case 'attention':
        return attention(builder, x, mixer, context.ropeTables);
      case 'mla':
        return mla(builder, x, mixer, context);
      case 'ssd':
        return ssd(builder, x, mixer);
      case 'gated_delta':
        return gatedDelta(builder, x, mixer);
    }
  });
}

function feed(builder: GraphBuilder, x: ValueId, ffn: FfnSpec | MoeSpec): ValueId {
  return builder.scope('ffn', () => (ffn.kind === 'moe' ? moe(builder, x, ffn) : feedForward(builder, x, ffn)));
}

/** `from` and what a sublayer made, scaled; normalised before or after the sum. */
function addResidual(
  builder: GraphBuilder,
  { postNormOf, residualScale: scale }: LayerSpec,
  { from, value }: { from: ValueId; value: ValueId },
  normalise: (of: ValueId) => ValueId,
): ValueId {
  const scaled = (of: ValueId) => (scale === 1 ? of : builder.node('affine', { scale, offset: 0 }, [of]));
  return postNormOf === 'sublayer'
    ? builder.node('add', {}, [scaled(normalise(value)), from])
    : normalise(builder.node('add', {}, [scaled(value), from]));
}
