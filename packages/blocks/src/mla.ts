import type { GraphBuilder, ValueId } from '@tttv2/graph';
import type { MlaSpec, RopeSpec } from '@tttv2/spec';
import { linear } from './linear.ts';
import { norm } from './norm.ts';
import { zeros } from './zeros.ts';

/**
 * Multi-head latent attention: keys and values of all heads are made of a latent, then cached as those of plain attention,
 * values with zeros behind them up to the width of keys.
 *
 *     x[N, D] ─┬─ q.down ─ q.norm ─ q.up ─ rotary ────────────────┐
 *              └─ kvDown ─┬─ kvNorm ─ kvUp ─┬─ k ─────────────── ┼─ attention ─ o ─▶ [N, D]
 *                         │                 └─ v ────────────────┤
 *                         └─ kRope ─ rotary, one for all heads ──┘
 */
export function mla(
  builder: GraphBuilder,
  x: ValueId,
  spec: MlaSpec,
  ropeTables: Readonly<Record<string, RopeSpec>>,
): ValueId {
  const { hiddenDim, numHeads, kvLoraRank, qkNopeHeadDim, qkRopeHeadDim, vHeadDim, scale, useBias } = spec;
  const headDim = qkNopeHeadDim + qkRopeHeadDim;
  const turn = turnWith(builder, spec, ropeTables);
  const q = builder.scope('q', () => queries(builder, x, spec, turn));
  const compressed = builder.scope('kvDown', () =>
    linear(builder, x, { inputs: hiddenDim, outputs: kvLoraRank + qkRopeHeadDim, useBias }),
  );
  const turned = builder.scope('kRope', () => {
    const key = slice(builder, compressed, kvLoraRank, qkRopeHeadDim);
    return turn(builder.node('reshape', { shape: ['N', 1, qkRopeHeadDim] }, [key]));
  });
  const latent = builder.scope('latent', () => slice(builder, compressed, 0, kvLoraRank));
  const normed = norm(builder, 'kvNorm', latent, spec.latentNorm, kvLoraRank);
  const kv = builder.scope('kvUp', () => {
    const width = qkNopeHeadDim + vHeadDim;
    const up = linear(builder, normed, { inputs: kvLoraRank, outputs: numHeads * width, useBias: false });
    return builder.node('reshape', { shape: ['N', numHeads, width] }, [up]);
  });
  const k = builder.scope('k', () => {
    const forAll = builder.node('add', {}, [zeros(builder, q, qkRopeHeadDim), turned]);
    return builder.node('concat', {}, [slice(builder, kv, 0, qkNopeHeadDim), forAll]);
  });
  const v = builder.scope('v', () => {
    const values = slice(builder, kv, qkNopeHeadDim, vHeadDim);
    return vHeadDim === headDim ? values : builder.node('concat', {}, [values, zeros(builder, q, headDim - vHeadDim)]);
  });
  const state = builder.state(`${builder.path}.cache`, {
    ...{ kind: 'kv_cache', numKvHeads: numHeads, headDim, stored: null },
  });
  const attrs = { state, scale, mask: 'causal', window: null, chunk: null, softcap: null } as const;
  const mixed = builder.node('attention', attrs, [q, k, v, builder.input('slot'), builder.input('cacheIndex')]);
  return builder.scope('o', () => {
    const joined = builder.node('reshape', { shape: ['N', numHeads * vHeadDim] }, [slice(builder, mixed, 0, vHeadDim)]);
    return linear(builder, joined, { inputs: numHeads * vHeadDim, outputs: hiddenDim, useBias });
  });
}

type Turn = (heads: ValueId) => ValueId;

function turnWith(
  builder: GraphBuilder,
  { rope: table }: MlaSpec,
  ropeTables: Readonly<Record<string, RopeSpec>>,
): Turn {
  const rope = table === null ? null : ropeTables[table];
  if (rope === undefined) throw new Error(`no rope table "${table}": parse the specification first`);
  if (rope === null) return (heads) => heads;
  return (heads) => builder.node('rotary', rope, [heads, builder.input('positions'), builder.input('slot')]);
}

/** `[N, H, nope + rope]`: by way of a latent, where there is one; the last dimensions turned. */
function queries(builder: GraphBuilder, x: ValueId, spec: MlaSpec, turn: Turn): ValueId {
  const { hiddenDim, numHeads, qLoraRank, qkNopeHeadDim, qkRopeHeadDim, latentNorm, useBias } = spec;
  const width = qkNopeHeadDim + qkRopeHeadDim;
  const outputs = numHeads * width;
  const project = () => {
    if (qLoraRank === null) return linear(builder, x, { inputs: hiddenDim, outputs, useBias: false });
    const latent = builder.scope('down', () => linear(builder, x, { inputs: hiddenDim, outputs: qLoraRank, useBias }));
    const normed = norm(builder, 'norm', latent, latentNorm, qLoraRank);
    return builder.scope('up', () => linear(builder, normed, { inputs: qLoraRank, outputs, useBias: false }));
  };
  const heads = builder.node('reshape', { shape: ['N', numHeads, width] }, [project()]);
  const turned = turn(slice(builder, heads, qkNopeHeadDim, qkRopeHeadDim));
  return builder.node('concat', {}, [slice(builder, heads, 0, qkNopeHeadDim), turned]);
}

function slice(builder: GraphBuilder, of: ValueId, start: number, length: number): ValueId {
  return builder.node('slice', { start, length }, [of]);
}
