import type { GraphBuilder, ValueId } from '@tttv2/graph';
import type { GatedDeltaSpec } from '@tttv2/spec';
import { convolve } from './convolve.ts';
import { linear } from './linear.ts';
import { norm } from './norm.ts';

/** Added to the squared length of a query or key before it is divided by it. */
const lengthEps = 1e-6;

/**
 * Linear attention by the gated delta rule. Queries, keys and values are made apart, so that each can be cut by heads:
 *
 *     x[N, D] ─┬─ q, k ─ conv ─ activation ─ length 1 ─┐
 *              ├─ v ─ conv ─ activation ───────────────┼─ scan ─ norm ─ silu(gate) · ─ out ─▶ [N, D]
 *              ├─ time steps, beta ────────────────────┘                   │
 *              └─ gate ────────────────────────────────────────────────────┘
 */
export function gatedDelta(builder: GraphBuilder, x: ValueId, spec: GatedDeltaSpec): ValueId {
  const { hiddenDim, numHeads, headDim, numKeyHeads, keyDim, normEps } = spec;
  const project = (name: string, outputs: number) =>
    builder.scope(`in.${name}`, () => linear(builder, x, { inputs: hiddenDim, outputs, useBias: false }));
  const convolved = (name: string, heads: number, dim: number, finish = (of: ValueId) => of) => {
    const projected = project(name, heads * dim);
    return builder.scope(`conv.${name}`, () => {
      const seen = convolve(builder, projected, heads * dim, { ...spec, useBiasConv: false });
      return finish(builder.node('reshape', { shape: ['N', heads, dim] }, [seen]));
    });
  };
  const ofLengthOne = (heads: ValueId) => divideByLength(builder, heads, keyDim);
  const q = convolved('q', numKeyHeads, keyDim, ofLengthOne);
  const k = convolved('k', numKeyHeads, keyDim, ofLengthOne);
  const v = convolved('v', numHeads, headDim);
  const [timeSteps, beta] = [project('timeStep', numHeads), project('beta', numHeads)];
  const mixed = builder.scope('scan', () => scan(builder, [q, k, v], { timeSteps, beta }, spec));
  const normed = norm(
    ...([builder, 'norm', mixed] as const),
    { normType: 'rms_norm', normEps, useBias: false, weight: 'plain' },
    headDim,
  );
  const flat = builder.node('reshape', { shape: ['N', numHeads * headDim] }, [normed]);
  const gated = builder.node('glu', { fn: 'silu' }, [project('gate', numHeads * headDim), flat]);
  return builder.scope('out', () =>
    linear(builder, gated, { inputs: numHeads * headDim, outputs: hiddenDim, useBias: false }),
  );
}

/** Rows `x / √(Σ x² + ε)`, by way of their mean square. */
function divideByLength(builder: GraphBuilder, rows: ValueId, width: number): ValueId {
  const scale = builder.node(
    'constant',
    { shape: [width], data: Array.from({ length: width }, () => width ** -0.5) },
    [],
  );
  return builder.node('rms_norm', { eps: lengthEps / width }, [rows, scale]);
}

function scan(
  builder: GraphBuilder,
  heads: readonly ValueId[],
  { timeSteps, beta }: { timeSteps: ValueId; beta: ValueId },
  { numHeads, headDim, keyDim }: GatedDeltaSpec,
): ValueId {
  const perHead = (name: string) => builder.parameter(`${builder.path}.${name}`, [numHeads]);
  const steps = builder.node('add', {}, [timeSteps, perHead('timeStepBias')]);
  const share = builder.node('activation', { fn: 'sigmoid' }, [beta]);
  const state = builder.state(`${builder.path}.state`, { kind: 'recurrent', shape: [numHeads, headDim, keyDim] });
  const places = [builder.input('slot'), builder.input('cacheIndex')];
  return builder.node('gated_delta', { state }, [...heads, steps, perHead('logDecay'), share, ...places]);
}
