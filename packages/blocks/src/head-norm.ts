import type { GraphBuilder, ValueId } from '@tttv2/graph';
import type { QkNormSpec } from '@tttv2/spec';
import { norm, normalise } from './norm.ts';

/** Heads `[N, count, headDim]`, each normalised: by one weight for all, or each by its own. */
export function headNorm(
  builder: GraphBuilder,
  heads: ValueId,
  { norm: spec, scope }: QkNormSpec,
  { count, headDim }: { count: number; headDim: number },
): ValueId {
  if (scope !== 'per_head_weights') return norm(builder, 'norm', heads, spec, headDim);
  return builder.scope('norm', () => {
    const bare = normalise(builder, heads, { ...spec, weight: 'none' }, headDim);
    return builder.node('mul', {}, [bare, builder.parameter(`${builder.path}.weight`, [count, headDim])]);
  });
}
