import type { GraphBuilder, ValueId } from '@tttv2/graph';
import type { MoeSpec } from '@tttv2/spec';
import { feedForward } from './feed-forward.ts';
import { linear } from './linear.ts';
import { norm } from './norm.ts';

/**
 * A mixture of experts: each token through the router's best, and through the network that all share, each with its norms.
 *
 *     x[N, D] ─┬─ router.norm ─ router ─ scores ─┐
 *              ├─ expertsPreNorm ─ experts ──────┴─ Σ ─ expertsPostNorm ─┐
 *              └─ sharedPreNorm ─ shared ─ sharedGate ─ sharedPostNorm ──┴ + ─▶ [N, D]
 */
export function moe(builder: GraphBuilder, x: ValueId, spec: MoeSpec): ValueId {
  const { shared, norms, hiddenDim } = spec;
  const chosen = norm(builder, 'expertsPostNorm', expertsOfRouter(builder, x, spec), norms.post, hiddenDim);
  return shared === null ? chosen : builder.node('add', {}, [chosen, ofShared(builder, x, shared, hiddenDim)]);
}

/** What the network gives that all tokens share. */
function ofShared(
  builder: GraphBuilder,
  x: ValueId,
  { ffn, useGate, norms }: NonNullable<MoeSpec['shared']>,
  hiddenDim: number,
): ValueId {
  const seen = norm(builder, 'sharedPreNorm', x, norms.pre, hiddenDim);
  const all = builder.scope('shared', () => feedForward(builder, seen, ffn));
  const gated = useGate
    ? builder.scope('sharedGate', () => {
        const gate = linear(builder, x, { inputs: hiddenDim, outputs: 1, useBias: false });
        return builder.node('mul', {}, [all, builder.node('activation', { fn: 'sigmoid' }, [gate])]);
      })
    : all;
  return norm(builder, 'sharedPostNorm', gated, norms.post, hiddenDim);
}

function expertsOfRouter(builder: GraphBuilder, x: ValueId, spec: MoeSpec): ValueId {
  const { hiddenDim, numExperts, topK, intermediateDim, activation: fn, router, innerLimit, upOffset } = spec;
  const { score, order, normalize, scale, groups, useSelectionBias, scored, logitScale, useExpertScale } = router;
  const logits = builder.scope('router', () => {
    const seen = norm(builder, 'norm', x, router.norm, hiddenDim);
    const plain = linear(builder, seen, { inputs: hiddenDim, outputs: numExperts, useBias: router.useBias });
    return logitScale === 1 ? plain : builder.node('affine', { scale: logitScale, offset: 0 }, [plain]);
  });
  const seen = norm(builder, 'expertsPreNorm', x, spec.norms.pre, hiddenDim);
  const wide = [numExperts, intermediateDim, hiddenDim];
  const experts = [
    builder.parameter(`${builder.path}.experts.gate.weight`, wide),
    builder.parameter(`${builder.path}.experts.up.weight`, wide),
    builder.parameter(`${builder.path}.experts.down.weight`, [numExperts, hiddenDim, intermediateDim]),
  ];
  const bias = useSelectionBias ? [builder.parameter(`${builder.path}.router.selectionBias`, [numExperts])] : [];
  const attrs = {
    topK,
    fn,
    score,
    order,
    normalize,
    scale,
    groups,
    limit: innerLimit,
    upOffset,
    scored,
    hasExpertScale: useExpertScale,
  };
  const expertScale = useExpertScale ? [builder.parameter(`${builder.path}.expertScale`, [numExperts])] : [];
  return builder.node('moe', attrs, [
    seen,
    logits,
    ...experts,
    ...bias,
    ...expertBiases(builder, spec),
    ...expertScale,
  ]);
}

function expertBiases(builder: GraphBuilder, { numExperts, intermediateDim, hiddenDim, useBias }: MoeSpec): ValueId[] {
  if (!useBias) return [];
  const bias = (name: string, width: number) =>
    builder.parameter(`${builder.path}.experts.${name}.bias`, [numExperts, width]);
  return [bias('gate', intermediateDim), bias('up', intermediateDim), bias('down', hiddenDim)];
}
