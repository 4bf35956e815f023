import type { GraphBuilder, ValueId } from '@tttv2/graph';
import { type AttentionSpec, outputGateWidth, type RopeSpec } from '@tttv2/spec';
import { withAlibi } from './alibi.ts';
import { headNorm } from './head-norm.ts';
import { linear } from './linear.ts';
import { norm } from './norm.ts';

/**
 * Softmax attention with a KV cache; multi-head, grouped and multi-query are the same block with other head counts.
 *
 *     x[N, D] ─┬─ q ─ norm ─ rotary ─┐
 *              ├─ k ─ norm ─ rotary ─┼─ attention ─ · ─ outputNorm ─ o ─▶ [N, D]
 *              ├─ v ─ norm ──────────┘   └ KV cache │
 *              └─ gate ─ sigmoid ──────────────────┘
 */
export function attention(
  builder: GraphBuilder,
  x: ValueId,
  spec: AttentionSpec,
  ropeTables: Readonly<Record<string, RopeSpec>>,
): ValueId {
  const { hiddenDim, numHeads, numKvHeads, headDim } = spec;
  const project = (count: number, useBias: boolean) => {
    const projected = linear(builder, x, { inputs: hiddenDim, outputs: count * headDim, useBias });
    const { clipQkv: clip } = spec;
    return clip === null ? projected : builder.node('clamp', { min: -clip, max: clip }, [projected]);
  };
  const turned = (count: number, projected: ValueId) =>
    normedAndTurned(builder, projected, spec, { count, ropeTables });
  const { queryGrowth } = spec;
  const plain = builder.scope('q', () => turned(numHeads, project(numHeads, spec.useBiasQ)));
  const q = queryGrowth === null ? plain : builder.scope('growth', () => grown(builder, plain, queryGrowth));
  const forBoth = spec.valuesAreKeys ? builder.scope('kv', () => project(numKvHeads, spec.useBiasKv)) : null;
  const k = builder.scope('k', () => turned(numKvHeads, forBoth ?? project(numKvHeads, spec.useBiasKv)));
  const v = builder.scope('v', () => {
    const values = split(builder, forBoth ?? project(numKvHeads, spec.useBiasKv), numKvHeads, headDim);
    return norm(builder, 'norm', values, spec.vNorm, headDim);
  });
  const mixed = attend(builder, { q, k, v }, spec);
  const joined = builder.node('reshape', { shape: ['N', numHeads * headDim] }, [mixed]);
  const gated = spec.outputGate === null ? joined : gatedOutput(builder, x, joined, spec);
  const normed = norm(builder, 'outputNorm', gated, spec.outputNorm, numHeads * headDim);
  return builder.scope('o', () =>
    linear(builder, normed, { inputs: numHeads * headDim, outputs: hiddenDim, useBias: spec.useBiasO }),
  );
}

interface Heads {
  q: ValueId;
  k: ValueId;
  v: ValueId;
}

/** What the queries find, `[N, H, h]`; keys and values are kept. */
function attend(builder: GraphBuilder, heads: Heads, spec: AttentionSpec): ValueId {
  const { numHeads, numKvHeads, headDim, scale, softcap, alibiSlopes } = spec;
  const { slidingWindowSize: window, chunkSize: chunk } = spec;
  const { q, k, v } = alibiSlopes === null ? heads : withAlibi(builder, heads, alibiSlopes, scale);
  const cache =
    alibiSlopes === null
      ? ({ kind: 'kv_cache', numKvHeads, headDim, stored: null } as const)
      : ({ kind: 'kv_cache', numKvHeads, headDim: headDim + 1, stored: 'float32' } as const);
  const state = builder.state(`${builder.path}.cache`, cache);
  const places = [builder.input('slot'), builder.input('cacheIndex')];
  const sinks = spec.useSinks ? [builder.parameter(`${builder.path}.sinks`, [numHeads])] : [];
  const attrs = { state, scale, mask: 'causal', window, chunk, softcap, hasSelection: false } as const;
  const mixed = builder.node('attention', attrs, [q, k, v, ...places, ...sinks]);
  return alibiSlopes === null ? mixed : builder.node('slice', { start: 0, length: headDim }, [mixed]);
}

/** Queries or keys `[N, count · headDim]` as heads `[N, count, headDim]`, normalised and turned as the spec says. */
function normedAndTurned(
  builder: GraphBuilder,
  projected: ValueId,
  { qkNorm, headDim, rope: table }: AttentionSpec,
  { count, ropeTables }: { count: number; ropeTables: Readonly<Record<string, RopeSpec>> },
): ValueId {
  const rope = table === null ? null : ropeTables[table];
  if (rope === undefined) throw new Error(`no rope table "${table}": parse the specification first`);
  const turn = (heads: ValueId) =>
    rope === null ? heads : builder.node('rotary', rope, [heads, builder.input('positions'), builder.input('slot')]);
  const heads = (of: ValueId) => split(builder, of, count, headDim);
  if (qkNorm === null) return turn(heads(projected));
  if (qkNorm.scope === 'full_width') return turn(heads(norm(builder, 'norm', projected, qkNorm.norm, count * headDim)));
  const normalise = (of: ValueId) => headNorm(builder, of, qkNorm, { count, headDim });
  return qkNorm.order === 'before_rope' ? turn(normalise(heads(projected))) : normalise(turn(heads(projected)));
}

/** Queries `[N, H, h]`, each by what its place in the sequence makes of it. */
function grown(builder: GraphBuilder, q: ValueId, growth: NonNullable<AttentionSpec['queryGrowth']>): ValueId {
  const { interval, strength } = growth;
  const count = builder.node('affine', { scale: 1, offset: 1 }, [
    builder.node('to_float', {}, [builder.input('cacheIndex')]),
  ]);
  const length = builder.node('constant', { shape: [1], data: [interval] }, []);
  const intervals = builder.node('floor', {}, [builder.node('div', {}, [count, length])]);
  const logs = builder.node('log', {}, [builder.node('affine', { scale: 1, offset: 1 }, [intervals])]);
  const factors = builder.node('affine', { scale: strength, offset: 1 }, [logs]);
  return builder.node('mul', {}, [q, builder.node('reshape', { shape: ['N', 1, 1] }, [factors])]);
}

/** `[N, H · h]` times the sigmoid of a projection of x. */
function gatedOutput(builder: GraphBuilder, x: ValueId, joined: ValueId, spec: AttentionSpec): ValueId {
  const { hiddenDim, numHeads, headDim, outputGate } = spec;
  return builder.scope('gate', () => {
    const gate = linear(builder, x, { inputs: hiddenDim, outputs: outputGateWidth(spec), useBias: false });
    if (outputGate === 'per_number') return builder.node('glu', { fn: 'sigmoid' }, [gate, joined]);
    const factors = builder.node('activation', { fn: 'sigmoid' }, [gate]);
    const perHead = builder.node('reshape', { shape: ['N', numHeads, 1] }, [factors]);
    const gated = builder.node('mul', {}, [split(builder, joined, numHeads, headDim), perHead]);
    return builder.node('reshape', { shape: ['N', numHeads * headDim] }, [gated]);
  });
}

function split(builder: GraphBuilder, projected: ValueId, count: number, headDim: number): ValueId {
  return builder.node('reshape', { shape: ['N', count, headDim] }, [projected]);
}
