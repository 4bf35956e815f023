import type { GraphBuilder, ValueId } from '@tttv2/graph';

/** A projection `[…, inputs] → […, outputs]` in the present scope, its parameters named after it. */
export function linear(
  builder: GraphBuilder,
  x: ValueId,
  { inputs, outputs, useBias }: { inputs: number; outputs: number; useBias: boolean },
): ValueId {
  const weight = builder.parameter(`${builder.path}.weight`, [outputs, inputs]);
  const bias = useBias ? [builder.parameter(`${builder.path}.bias`, [outputs])] : [];
  return builder.node('linear', {}, [x, weight, ...bias]);
}
