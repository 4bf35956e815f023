import { concreteShape, type Dim, type Graph, type Node, type StepSizes } from '@tttv2/graph';

/** Bytes of a value of this shape. */
type BytesOfValue = (shape: readonly number[]) => number;

/**
 * The most bytes of computed values that are live at a time in a step: each from the op that computes it to the last that
 * reads it. A reshaped value is the value that it was; constants are held with the weights.
 */
export function peakOfLiveValues(graph: Graph, sizes: StepSizes, bytesOfValue: BytesOfValue): number {
  const lastUse = lastUses(graph);
  const bytes = (shape: readonly Dim[]) => bytesOfValue(concreteShape(shape, sizes));
  const live = new Map<string, number>();
  let [now, peak] = [0, 0];
  for (const [i, node] of graph.nodes.entries()) {
    if (node.op === 'reshape' || node.op === 'constant') continue;
    const own = bytes(node.type.shape);
    live.set(node.id, own);
    now += own;
    peak = Math.max(peak, now + scratchOf(graph, node, bytes));
    for (const [id, size] of live) {
      if ((lastUse.get(id) ?? -1) > i) continue;
      live.delete(id);
      now -= size;
    }
  }
  return peak;
}

/** Index of the last node that reads a value, be it reshaped. */
function lastUses({ nodes, outputs }: Graph): Map<string, number> {
  const origins = new Map<string, string>();
  const originOf = (name: string) => origins.get(name) ?? name;
  const uses = new Map<string, number>();
  for (const [i, { id, op, inputs }] of nodes.entries()) {
    for (const name of inputs) uses.set(originOf(name), i);
    if (op === 'reshape') origins.set(id, originOf(inputs[0] ?? ''));
  }
  for (const name of Object.values(outputs)) uses.set(originOf(name), nodes.length);
  return uses;
}

/** What an op needs while it computes: of experts, the inner values and results of those that a token sees. */
function scratchOf({ parameters }: Graph, node: Node, bytes: (shape: readonly Dim[]) => number): number {
  if (node.op !== 'moe') return 0;
  const [tokens = 1, width = 1] = node.type.shape;
  const [, inner = 0] = parameters[node.inputs[2] ?? '']?.shape ?? [];
  return bytes([tokens, node.attrs.topK * ((node.attrs.gated ? 2 : 1) * inner + Number(width))]);
}
