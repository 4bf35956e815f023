import type { GraphBuilder, ValueId } from '@tttv2/graph';
import type { FfnSpec } from '@tttv2/spec';
import { linear } from './linear.ts';
import { norm } from './norm.ts';

/**
 * A dense feed-forward network; gated with `silu` it is SwiGLU.
 *
 *     x[N, D] ─┬─ gate ─ activation ─┬─ · ─ innerNorm ─ down ─▶ [N, D]
 *              └─ up ────────────────┘
 */
export function feedForward(builder: GraphBuilder, x: ValueId, spec: FfnSpec): ValueId {
  const { hiddenDim, intermediateDim, activation: fn, useGate, useBias } = spec;
  const widen = (name: string) =>
    builder.scope(name, () => linear(builder, x, { inputs: hiddenDim, outputs: intermediateDim, useBias }));
  const inner = useGate
    ? builder.node('glu', { fn }, gated(builder, spec, widen('gate'), widen('up')))
    : builder.node('activation', { fn }, [widen('up')]);
  const normed = norm(builder, 'innerNorm', inner, spec.innerNorm, intermediateDim);
  return builder.scope('down', () => linear(builder, normed, { inputs: intermediateDim, outputs: hiddenDim, useBias }));
}

/** Gate and up, bounded, up raised. */
function gated(builder: GraphBuilder, { innerLimit, upOffset }: FfnSpec, gate: ValueId, up: ValueId): ValueId[] {
  const clamp = (of: ValueId, min: number) =>
    innerLimit === null ? of : builder.node('clamp', { min, max: innerLimit }, [of]);
  const bounded = clamp(up, -(innerLimit ?? 0));
  const raised = upOffset === 0 ? bounded : builder.node('affine', { scale: 1, offset: upOffset }, [bounded]);
  return [clamp(gate, -largestFloat), raised];
}

/** The largest float32: what JSON has for infinity. */
const largestFloat = (2 - 2 ** -23) * 2 ** 127;
