import type { GraphBuilder, ValueId } from '@tttv2/graph';
import type { AttentionSpec, RopeSpec } from '@tttv2/spec';
import { linear } from './linear.ts';

/**
 * Softmax attention with a KV cache; multi-head, grouped and multi-query are the same block with other head counts.
 *
 *     x[N, D] ─┬─ q ─ rotary ─┐
 *              ├─ k ─ rotary ─┼─ attention ─ o ─▶ [N, D]
 *              └─ v ──────────┘     └ KV cache
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
  const heads = (name: string, count: number, useBias: boolean, table: RopeSpec | null) =>
    builder.scope(name, () => {
      const projected = linear(builder, x, { inputs: hiddenDim, outputs: count * headDim, useBias });
      const split = builder.node('reshape', { shape: ['N', count, headDim] }, [projected]);
      if (table === null) return split;
      return builder.node('rotary', table, [split, builder.input('positions'), builder.input('slot')]);
    });
  const q = heads('q', numHeads, spec.useBiasQ, rope);
  const k = heads('k', numKvHeads, spec.useBiasKv, rope);
  const v = heads('v', numKvHeads, spec.useBiasKv, null);
  const state = builder.state(`${builder.path}.cache`, { kind: 'kv_cache', numKvHeads, headDim, stored: null });
  const places = [builder.input('slot'), builder.input('cacheIndex')];
  const mixed = builder.node('attention', { state, scale, mask: 'causal', window }, [q, k, v, ...places]);
  const joined = builder.node('reshape', { shape: ['N', numHeads * headDim] }, [mixed]);
  return builder.scope('o', () =>
    linear(builder, joined, { inputs: numHeads * headDim, outputs: hiddenDim, useBias: spec.useBiasO }),
  );
}
