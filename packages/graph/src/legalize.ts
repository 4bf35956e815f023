import type { Support } from './backend.ts';
import type { GraphBuilder } from './builder.ts';
import { cannotRun } from './cannot-run.ts';
import type { Graph, Node } from './graph.ts';
import type { ValueId } from './op.ts';
import { type AttrsOf, type OpName, opTable } from './ops/index.ts';
import { rewrite } from './rewrite.ts';

/**
 * Replaces each node that a backend has no way for by its decomposition, until the backend supports all.
 * @throws UnsupportedHardwareError that names the op and its scope when there is nothing smaller.
 */
export function legalize(graph: Graph, device: string, supports: (node: Node, graph: Graph) => Support): Graph {
  let legal = graph;
  while (true) {
    const denied = new Set(legal.nodes.filter((node) => needsDecomposition(node, device, supports(node, legal))));
    if (denied.size === 0) return legal;
    legal = rewrite(legal, (node, inputs, builder) =>
      denied.has(node) ? decompose(node.op, node, inputs, builder) : builder.node(node.op, node.attrs, inputs),
    );
  }
}

function needsDecomposition(node: Node, device: string, support: Support): boolean {
  if (support.kind === 'native') return false;
  if (opTable[node.op].decompose !== undefined) return true;
  const reason = support.kind === 'unsupported' ? support.reason : 'the op has no smaller parts';
  throw cannotRun(device, node, reason);
}

function decompose<Name extends OpName>(
  op: Name,
  { attrs }: { attrs: AttrsOf<Name> },
  inputs: readonly ValueId[],
  builder: GraphBuilder,
): ValueId {
  const { decompose: parts } = opTable[op];
  if (parts === undefined) throw new Error(`${op} has no decomposition`);
  return parts(attrs, inputs, builder);
}
