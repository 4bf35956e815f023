import type { GraphBuilder, ValueId } from '@tttv2/graph';
import type { MoeSpec } from '@tttv2/spec';
import { feedForward } from './feed-forward.ts';
import { linear } from './linear.ts';

/**
 * A mixture of experts: each token through the router's best, and through the network that all share.
 *
 *     x[N, D] ─┬─ router ─ scores ─┐
 *              ├─ experts ─────────┴─ Σ ─┐
 *              └─ shared ─ sharedGate ───┴ + ─▶ [N, D]
 */
export function moe(builder: GraphBuilder, x: ValueId, spec: MoeSpec): ValueId {
  const chosen = expertsOfRouter(builder, x, spec);
  const { shared, hiddenDim } = spec;
  if (shared === null) return chosen;
  const all = builder.scope('shared', () => feedForward(builder, x, shared.ffn));
  if (!shared.useGate) return builder.node('add', {}, [chosen, all]);
  const gated = builder.scope('sharedGate', () => {
    const gate = linear(builder, x, { inputs: hiddenDim, outputs: 1, useBias: false });
    return builder.node('mul', {}, [all, builder.node('activation', { fn: 'sigmoid' }, [gate])]);
  });
  return builder.node('add', {}, [chosen, gated]);
}

function expertsOfRouter(builder: GraphBuilder, x: ValueId, spec: MoeSpec): ValueId {
  const { hiddenDim, numExperts, topK, intermediateDim, activation: fn, router, innerLimit, upOffset } = spec;
  const { score, order, normalize, scale, groups, useSelectionBias, scored } = router;
  const logits = builder.scope('router', () =>
    linear(builder, x, { inputs: hiddenDim, outputs: numExperts, useBias: router.useBias }),
  );
  const wide = [numExperts, intermediateDim, hiddenDim];
  const experts = [
    builder.parameter(`${builder.path}.experts.gate.weight`, wide),
    builder.parameter(`${builder.path}.experts.up.weight`, wide),
    builder.parameter(`${builder.path}.experts.down.weight`, [numExperts, hiddenDim, intermediateDim]),
  ];
  const bias = useSelectionBias ? [builder.parameter(`${builder.path}.router.selectionBias`, [numExperts])] : [];
  const attrs = { topK, fn, score, order, normalize, scale, groups, limit: innerLimit, upOffset, scored };
  return builder.node('moe', attrs, [x, logits, ...experts, ...bias, ...expertBiases(builder, spec)]);
}

function expertBiases(builder: GraphBuilder, { numExperts, intermediateDim, hiddenDim, useBias }: MoeSpec): ValueId[] {
  if (!useBias) return [];
  const bias = (name: string, width: number) =>
    builder.parameter(`${builder.path}.experts.${name}.bias`, [numExperts, width]);
  return [bias('gate', intermediateDim), bias('up', intermediateDim), bias('down', hiddenDim)];
}
