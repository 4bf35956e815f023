import type { GraphBuilder, ValueId } from '@tttv2/graph';
import type { MoeSpec } from '@tttv2/spec';
import { linear } from './linear.ts';

/**
 * A mixture of experts: each token through the router's best.
 *
 *     x[N, D] ─┬─ router ─ scores ─┐
 *              └─ experts ─────────┴─ Σ ─▶ [N, D]
 */
export function moe(builder: GraphBuilder, x: ValueId, spec: MoeSpec): ValueId {
  const { hiddenDim, numExperts, topK, intermediateDim, activation: fn, router } = spec;
  const { score, order, normalize, scale, useSelectionBias } = router;
  const logits = builder.scope('router', () =>
    linear(builder, x, { inputs: hiddenDim, outputs: numExperts, useBias: false }),
  );
  const wide = [numExperts, intermediateDim, hiddenDim];
  const experts = [
    builder.parameter(`${builder.path}.experts.gate.weight`, wide),
    builder.parameter(`${builder.path}.experts.up.weight`, wide),
    builder.parameter(`${builder.path}.experts.down.weight`, [numExperts, hiddenDim, intermediateDim]),
  ];
  const bias = useSelectionBias ? [builder.parameter(`${builder.path}.router.selectionBias`, [numExperts])] : [];
  const attrs = { topK, fn, score, order, normalize, scale };
  return builder.node('moe', attrs, [x, logits, ...experts, ...bias]);
}
