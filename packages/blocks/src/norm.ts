import type { GraphBuilder, ValueId } from '@tttv2/graph';
import type { NormSpec } from '@tttv2/spec';

/** A normalisation of rows of `dim` in a scope of its own; none leaves `x` as it is. */
export function norm(builder: GraphBuilder, scope: string, x: ValueId, spec: NormSpec | null, dim: number): ValueId {
  if (spec === null) return x;
  return builder.scope(scope, () => normalise(builder, x, spec, dim));
}

/** The same in the present scope, its parameters named after it. */
export function normalise(builder: GraphBuilder, x: ValueId, spec: NormSpec, dim: number): ValueId {
  const weight = normWeight(builder, spec, dim);
  const bias = spec.useBias ? [builder.parameter(`${builder.path}.bias`, [dim])] : [];
  const eps = spec.normEps;
  if (spec.normType === 'layer_norm') return builder.node('layer_norm', { eps }, [x, weight, ...bias]);
  const scaled = builder.node('rms_norm', { eps }, [x, weight]);
  return bias.length === 0 ? scaled : builder.node('add', {}, [scaled, ...bias]);
}

/** What multiplies the normalised rows, `[dim]`. */
function normWeight(builder: GraphBuilder, { weight }: NormSpec, dim: number): ValueId {
  if (weight === 'none')
    return builder.node('constant', { shape: [dim], data: Array.from({ length: dim }, () => 1) }, []);
  const stored = builder.parameter(`${builder.path}.weight`, [dim]);
  return weight === 'plain' ? stored : builder.node('affine', { scale: 1, offset: 1 }, [stored]);
}
