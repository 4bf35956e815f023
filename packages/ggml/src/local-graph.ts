import { type Graph, isCollective, type LocalOpName, type NodeOf } from '@tttv2/graph';
import { UnsupportedHardwareError } from '@tttv2/spec';

/** A graph without collectives: one that a device computes on its own. */
export interface LocalGraph extends Graph {
  nodes: NodeOf<LocalOpName>[];
}

/** @throws UnsupportedHardwareError that names the first op for which devices would have to meet. */
export function localGraph(graph: Graph, device: string): LocalGraph {
  const nodes = graph.nodes.map((node) => {
    if (!isCollective(node)) return node;
    const message = `${device} cannot run ${node.op} at ${node.scope}: it works alone: use a tensorParallelSize of 1`;
    throw new UnsupportedHardwareError({ device, field: node.op, message });
  });
  return { ...graph, nodes };
}
