import type { GraphBuilder, ValueId } from '@tttv2/graph';
import { type SsdSpec, ssdWidths } from '@tttv2/spec';
import { convolve } from './convolve.ts';
import { linear } from './linear.ts';
import { normalise } from './norm.ts';

/**
 * State space duality, the mixer of Mamba 2. Its projections, convolution and scan, per head:
 *
 *     x[N, D] ─ in ─┬─ gate ─────────────────────────────────────────┐
 *                   ├─ conv ─ activation ─┬─ values ─┬───────── · skip ─ + ─ silu(gate) · ─ norm ─ out ─▶ [N, D]
 *                   │                     └─ B, C ───┴─ scan ────────┘
 *                   └─ time steps ───────────────────┘
 */
export function ssd(builder: GraphBuilder, x: ValueId, spec: SsdSpec): ValueId {
  const { hiddenDim, numHeads, headDim, useBias } = spec;
  const { inner, conv, projected } = ssdWidths(spec);
  const all = builder.scope('in', () => linear(builder, x, { inputs: hiddenDim, outputs: projected, useBias }));
  const gate = slice(builder, all, 0, inner);
  const convolved = builder.scope('conv', () => convolve(builder, slice(builder, all, inner, conv), conv, spec));
  const timeSteps = slice(builder, all, inner + conv, numHeads);
  const mixed = builder.scope('scan', () => scan(builder, convolved, timeSteps, spec));
  const flat = builder.node('reshape', { shape: ['N', numHeads * headDim] }, [mixed]);
  const gated = builder.node('glu', { fn: 'silu' }, [gate, flat]);
  const normed = builder.scope('norm', () => normByGroups(builder, gated, spec));
  return builder.scope('out', () => linear(builder, normed, { inputs: inner, outputs: hiddenDim, useBias }));
}

/** The scan of the values `[N, H, P]`, and the values themselves by a weight a head. */
function scan(builder: GraphBuilder, convolved: ValueId, timeSteps: ValueId, spec: SsdSpec): ValueId {
  const { numHeads, headDim, numGroups, stateDim } = spec;
  const { inner, shared } = ssdWidths(spec);
  const perHead = (name: string) => builder.parameter(`${builder.path}.${name}`, [numHeads]);
  const split = (start: number, count: number, width: number) =>
    builder.node('reshape', { shape: ['N', count, width] }, [slice(builder, convolved, start, count * width)]);
  const values = split(0, numHeads, headDim);
  const [b, c] = [split(inner, numGroups, stateDim), split(inner + shared, numGroups, stateDim)];
  const steps = bounded(builder, builder.node('add', {}, [timeSteps, perHead('timeStepBias')]), spec);
  const decay = builder.node('affine', { scale: -1, offset: 0 }, [builder.node('exp', {}, [perHead('logDecay')])]);
  const state = builder.state(`${builder.path}.state`, { kind: 'recurrent', shape: [numHeads, headDim, stateDim] });
  const places = [builder.input('slot'), builder.input('cacheIndex')];
  const scanned = builder.node('ssm_scan', { state }, [values, steps, decay, b, c, ...places]);
  const skip = builder.node('reshape', { shape: [numHeads, 1] }, [perHead('skip')]);
  return builder.node('add', {}, [scanned, builder.node('mul', {}, [values, skip])]);
}

/** Bounds of a time step `ln(1 + e^x)`, as bounds of `x`. */
function bounded(builder: GraphBuilder, steps: ValueId, { minTimeStep, maxTimeStep }: SsdSpec): ValueId {
  if (minTimeStep === null && maxTimeStep === null) return steps;
  const inverse = (step: number | null) => (step === null ? null : step + Math.log(-Math.expm1(-step)));
  return builder.node('clamp', { min: inverse(minTimeStep), max: inverse(maxTimeStep) }, [steps]);
}

function normByGroups(builder: GraphBuilder, x: ValueId, spec: SsdSpec): ValueId {
  const { normEps, normGroups } = spec;
  const { inner } = ssdWidths(spec);
  const norm = { normType: 'rms_norm', normEps, useBias: false } as const;
  if (normGroups === 1) return normalise(builder, x, { ...norm, weight: 'plain' }, inner);
  const width = inner / normGroups;
  const groups = builder.node('reshape', { shape: ['N', normGroups, width] }, [x]);
  const bare = normalise(builder, groups, { ...norm, weight: 'none' }, width);
  const flat = builder.node('reshape', { shape: ['N', inner] }, [bare]);
  return builder.node('mul', {}, [flat, builder.parameter(`${builder.path}.weight`, [inner])]);
}

function slice(builder: GraphBuilder, x: ValueId, start: number, length: number): ValueId {
  return builder.node('slice', { start, length }, [x]);
}
