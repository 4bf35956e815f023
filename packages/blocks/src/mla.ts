import type { GraphBuilder, ValueId } from '@tttv2/graph';
import type { MlaSpec, RopeSpec, SelectionSpec } from '@tttv2/spec';
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
export function mla(builder: GraphBuilder, x: ValueId, spec: MlaSpec, context: MlaContext): ValueId {
  const { hiddenDim, numHeads, kvLoraRank, qkNopeHeadDim, qkRopeHeadDim, vHeadDim, scale, useBias } = spec;
  const headDim = qkNopeHeadDim + qkRopeHeadDim;
  const turn = turnWith(builder, spec, context.ropeTables);
  const q = builder.scope('q', () => queries(builder, x, spec, context));
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
  const selection = spec.selection === null || context.selected === null ? [] : [context.selected];
  const hasSelection = selection.length > 0;
  const attrs = { state, scale, mask: 'causal', window: null, chunk: null, softcap: null, hasSelection } as const;
  const places = [builder.input('slot'), builder.input('cacheIndex')];
  const mixed = builder.node('attention', attrs, [q, k, v, ...places, ...selection]);
  return builder.scope('o', () => {
    const joined = builder.node('reshape', { shape: ['N', numHeads * vHeadDim] }, [slice(builder, mixed, 0, vHeadDim)]);
    return linear(builder, joined, { inputs: numHeads * vHeadDim, outputs: hiddenDim, useBias });
  });
}

export interface MlaContext {
  ropeTables: Readonly<Record<string, RopeSpec>>;
  /** What the last layer that selects tokens for itself has selected; null before there is one. */
  selected: ValueId | null;
}

type Turn = (heads: ValueId) => ValueId;

function turnWith(
  builder: GraphBuilder,
  { rope: table }: MlaSpec,
  ropeTables: Readonly<Record<string, RopeSpec>>,
  changed: Partial<Pick<RopeSpec, 'layout'>> = {},
): Turn {
  const rope = table === null ? null : ropeTables[table];
  if (rope === undefined) throw new Error(`no rope table "${table}": parse the specification first`);
  if (rope === null) return (heads) => heads;
  return (heads) =>
    builder.node('rotary', { ...rope, ...changed }, [heads, builder.input('positions'), builder.input('slot')]);
}

/** `[N, H, nope + rope]`: by way of a latent, where there is one; the last dimensions turned. What is selected comes of it, too. */
function queries(builder: GraphBuilder, x: ValueId, spec: MlaSpec, context: MlaContext): ValueId {
  const { hiddenDim, numHeads, qLoraRank, qkNopeHeadDim, qkRopeHeadDim, latentNorm, useBias } = spec;
  const { selection } = spec;
  const turn = turnWith(builder, spec, context.ropeTables);
  const width = qkNopeHeadDim + qkRopeHeadDim;
  const outputs = numHeads * width;
  const project = () => {
    if (qLoraRank === null) return linear(builder, x, { inputs: hiddenDim, outputs, useBias: false });
    const latent = builder.scope('down', () => linear(builder, x, { inputs: hiddenDim, outputs: qLoraRank, useBias }));
    const normed = norm(builder, 'norm', latent, latentNorm, qLoraRank);
    if (selection?.kind === 'own')
      context.selected = builder.scope('selection', () =>
        select(builder, { x, latent: normed, latentDim: qLoraRank }, { ...spec, selection }, context),
      );
    return builder.scope('up', () => linear(builder, normed, { inputs: qLoraRank, outputs, useBias: false }));
  };
  const heads = builder.node('reshape', { shape: ['N', numHeads, width] }, [project()]);
  const turned = turn(slice(builder, heads, qkNopeHeadDim, qkRopeHeadDim));
  return builder.node('concat', {}, [slice(builder, heads, 0, qkNopeHeadDim), turned]);
}

function slice(builder: GraphBuilder, of: ValueId, start: number, length: number): ValueId {
  return builder.node('slice', { start, length }, [of]);
}

/**
 * Which tokens each token's heads see:
 *
 *     latent ─ q ─ rotary ───────┐
 *     x ─┬─ k ─ norm ─ rotary ───┼─ select_keys ─▶ [N, topK]
 *        └─ weights ─ scaled ────┘   └ key cache
 */
function select(
  builder: GraphBuilder,
  { x, latent, latentDim }: { x: ValueId; latent: ValueId; latentDim: number },
  spec: MlaSpec & { selection: Extract<SelectionSpec, { kind: 'own' }> },
  { ropeTables }: MlaContext,
): ValueId {
  const { hiddenDim, selection } = spec;
  const { numHeads, headDim, topK, layout, normEps } = selection;
  const turn = turnWith(builder, spec, ropeTables, { layout });
  const heads = (of: ValueId, count: number) => builder.node('reshape', { shape: ['N', count, headDim] }, [of]);
  const q = builder.scope('q', () =>
    turn(heads(linear(builder, latent, { inputs: latentDim, outputs: numHeads * headDim, useBias: false }), numHeads)),
  );
  const k = builder.scope('k', () => {
    const projected = linear(builder, x, { inputs: hiddenDim, outputs: headDim, useBias: false });
    const ofKey = { normType: 'layer_norm', normEps, useBias: true, weight: 'plain' } as const;
    const turned = turn(heads(norm(builder, 'norm', projected, ofKey, headDim), 1));
    return builder.node('reshape', { shape: ['N', headDim] }, [turned]);
  });
  const weights = builder.scope('weights', () => {
    const projected = linear(builder, x, { inputs: hiddenDim, outputs: numHeads, useBias: false });
    return builder.node('affine', { scale: (numHeads * headDim) ** -0.5, offset: 0 }, [projected]);
  });
  const cache = { kind: 'kv_cache', numKvHeads: 1, headDim, hasValues: false, stored: null } as const;
  const state = builder.state(`${builder.path}.cache`, cache);
  const places = [builder.input('slot'), builder.input('cacheIndex')];
  return builder.node('select_keys', { state, topK }, [q, k, weights, ...places]);
}
