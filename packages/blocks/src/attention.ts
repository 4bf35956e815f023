import type { GraphBuilder, ValueId } from '@tttv2/graph';
import type { AttentionSpec, QkNormSpec, RopeSpec } from '@tttv2/spec';
import { linear } from './linear.ts';
import { norm } from './norm.ts';

/**
 * Softmax attention with a KV cache; multi-head, grouped and multi-query are the same block with other head counts.
 *
 *     x[N, D] ─┬─ q ─ norm ─ rotary ─┐
 *              ├─ k ─ norm ─ rotary ─┼─ attention ─ o ─▶ [N, D]
 *              └─ v ─────────────────┘     └ KV cache
 */
export function attention(
  builder: GraphBuilder,
  x: ValueId,
  spec: AttentionSpec,
  ropeTables: Readonly<Record<string, RopeSpec>>,
): ValueId {
  const { hiddenDim, numHeads, numKvHeads, headDim, scale, slidingWindowSize: window } = spec;
  const rope = spec.rope === null ? null : ropeTables[spec.rope];
  if (rope === undefined) throw new Error(`no rope table "${spec.rope}": parse the specification first`);
  const split = (projected: ValueId, count: number) =>
    builder.node('reshape', { shape: ['N', count, headDim] }, [projected]);
  const project = (count: number, useBias: boolean) =>
    linear(builder, x, { inputs: hiddenDim, outputs: count * headDim, useBias });
  const turn = (heads: ValueId) =>
    rope === null ? heads : builder.node('rotary', rope, [heads, builder.input('positions'), builder.input('slot')]);
  const qk = (name: string, count: number, useBias: boolean) =>
    builder.scope(name, () => turn(normedHeads(builder, project(count, useBias), spec.qkNorm, { count, headDim })));
  const q = qk('q', numHeads, spec.useBiasQ);
  const k = qk('k', numKvHeads, spec.useBiasKv);
  const v = builder.scope('v', () => split(project(numKvHeads, spec.useBiasKv), numKvHeads));
  const state = builder.state(`${builder.path}.cache`, { kind: 'kv_cache', numKvHeads, headDim, stored: null });
  const places = [builder.input('slot'), builder.input('cacheIndex')];
  const mixed = builder.node('attention', { state, scale, mask: 'causal', window }, [q, k, v, ...places]);
  const joined = builder.node('reshape', { shape: ['N', numHeads * headDim] }, [mixed]);
  return builder.scope('o', () =>
    linear(builder, joined, { inputs: numHeads * headDim, outputs: hiddenDim, useBias: spec.useBiasO }),
  );
}

/** `[N, count · headDim]` as normalised heads `[N, count, headDim]`; over each head, or over all at once. */
function normedHeads(
  builder: GraphBuilder,
  projected: ValueId,
  qkNorm: QkNormSpec | null,
  { count, headDim }: { count: number; headDim: number },
): ValueId {
  const normed = (of: ValueId, dim: number) => norm(builder, 'norm', of, qkNorm?.norm ?? null, dim);
  const split = (of: ValueId) => builder.node('reshape', { shape: ['N', count, headDim] }, [of]);
  return qkNorm?.scope === 'full_width' ? split(normed(projected, count * headDim)) : normed(split(projected), headDim);
}
