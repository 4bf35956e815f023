import type { GraphBuilder, ValueId } from '@tttv2/graph';
import type { MoeSpec } from '@tttv2/spec';
import { feedForward } from './feed-forward.ts';
import { linear } from './linear.ts';
import { norm } from './norm.ts';

/**
 * A mixture of experts: each token through the router's best, and through the network that all share, each with its norms.
 *
 *     x[N, D] ─┬─ router.norm ─ router ─ scores ──────────────┐
 *              ├─ expertsPreNorm ─ latentDown ─ experts ──────┴─ Σ ─ latentUp ─ expertsPostNorm ─┐
 *              └─ sharedPreNorm ─ shared ─ sharedGate ─ sharedPostNorm ──────────────────────────┴ + ─▶ [N, D]
 */
export function moe(builder: GraphBuilder, x: ValueId, spec: MoeSpec): ValueId {
  const { shared, norms, hiddenDim, latentDim } = spec;
  const project = (scope: string, of: ValueId, inputs: number, outputs: number) =>
    builder.scope(scope, () => linear(builder, of, { inputs, outputs, useBias: false }));
  const logits = builder.scope('router', () => routerLogits(builder, x, spec));
  const seen = norm(builder, 'expertsPreNorm', x, norms.pre, hiddenDim);
  const read = latentDim === null ? seen : project('latentDown', seen, hiddenDim, latentDim);
  const summed = chosenExperts(builder, { read, logits }, spec);
  const given = latentDim === null ? summed : project('latentUp', summed, latentDim, hiddenDim);
  const chosen = norm(builder, 'expertsPostNorm', given, norms.post, hiddenDim);
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

function routerLogits(builder: GraphBuilder, x: ValueId, { hiddenDim, numExperts, router }: MoeSpec): ValueId {
  const { logitScale: scale, useBias } = router;
  const seen = norm(builder, 'norm', x, router.norm, hiddenDim);
  const plain = linear(builder, seen, { inputs: hiddenDim, outputs: numExperts, useBias });
  return scale === 1 ? plain : builder.node('affine', { scale, offset: 0 }, [plain]);
}

/** What the chosen make of what they `read`. */
function chosenExperts(
  builder: GraphBuilder,
  { read, logits }: { read: ValueId; logits: ValueId },
  spec: MoeSpec,
): ValueId {
  const { numExperts, topK, intermediateDim, activation: fn, router, innerLimit: limit, upOffset } = spec;
  const { score, order, normalize, scale, groups, useSelectionBias, scored, useExpertScale: hasExpertScale } = router;
  const width = spec.latentDim ?? spec.hiddenDim;
  const parameter = (name: string, dims: number[] = []) =>
    builder.parameter(`${builder.path}.${name}`, [numExperts, ...dims]);
  const open = spec.useGate ? ['gate', 'up'] : ['up'];
  const matrices = [
    ...open.map((name) => parameter(`experts.${name}.weight`, [intermediateDim, width])),
    parameter('experts.down.weight', [width, intermediateDim]),
  ];
  const selectionBias = useSelectionBias ? [parameter('router.selectionBias')] : [];
  const biases = spec.useBias
    ? [
        ...open.map((name) => parameter(`experts.${name}.bias`, [intermediateDim])),
        parameter('experts.down.bias', [width]),
      ]
    : [];
  const expertScale = hasExpertScale ? [parameter('expertScale')] : [];
  const choice = { topK, score, order, normalize, scale, groups, scored, hasExpertScale };
  const attrs = { ...choice, fn, gated: spec.useGate, limit, upOffset };
  return builder.node('moe', attrs, [read, logits, ...matrices, ...selectionBias, ...biases, ...expertScale]);
}
