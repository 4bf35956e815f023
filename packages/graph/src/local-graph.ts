import { UnsupportedHardwareError } from '@tttv2/spec';
import type { Program } from './backend.ts';
import { cannotRun } from './cannot-run.ts';
import { type Graph, isCollective, type NodeOf } from './graph.ts';
import type { LocalOpName } from './ops/index.ts';
import { validateProgram } from './validate-program.ts';

/** A graph without collectives: one that a device computes on its own. */
export interface LocalGraph extends Graph {
  nodes: NodeOf<LocalOpName>[];
}

/**
 * The graph of a program for one device, checked. @throws GraphError when it is none. @throws UnsupportedHardwareError
 * when it is for several, or names an op for which devices would have to meet.
 */
export function localGraph(program: Program, device: string): LocalGraph {
  const graph = onlyStage(validateProgram(program), device);
  const nodes = graph.nodes.map((node) => {
    if (!isCollective(node)) return node;
    throw cannotRun(device, node, 'it works alone: use a tensorParallelSize of 1');
  });
  return { ...graph, nodes };
}

function onlyStage({ stages, mesh }: Program, device: string): Graph {
  const [graph] = stages;
  if (graph !== undefined && stages.length === 1 && mesh[0] * mesh[1] === 1) return graph;
  const message = `${device} is one device, but the program has ${stages.length} stages on a ${mesh.join('×')} mesh: use a tensorParallelSize and pipelineParallelSize of 1`;
  throw new UnsupportedHardwareError({ device, field: 'mesh', message });
}
