import { GraphBuilder } from './builder.ts';
import type { Graph, Node } from './graph.ts';
import type { ValueId } from './op.ts';

/**
 * Emits a graph anew, node by node: `emit` returns the value that takes a node's place (`inputs` are the new names of
 * its inputs). Passes are written with it; names of inputs, received values, parameters and
 * states stay.
 */
export function rewrite(
  graph: Graph,
  emit: (node: Node, inputs: readonly ValueId[], builder: GraphBuilder, rename: (name: ValueId) => ValueId) => ValueId,
): Graph {
  const builder = new GraphBuilder(graph.name, graph);
  for (const name of graph.inputs) builder.input(name);
  for (const [name, type] of Object.entries(graph.received)) builder.receive(name, type);
  for (const [name, parameter] of Object.entries(graph.parameters))
    builder.parameter(name, parameter.shape, parameter.stored, parameter);
  for (const [name, cache] of Object.entries(graph.states)) builder.state(name, cache);
  const names = new Map<ValueId, ValueId>();
  const rename = (name: ValueId) => names.get(name) ?? name;
  for (const node of graph.nodes) {
    const value = builder.at(node.scope, () => emit(node, node.inputs.map(rename), builder, rename));
    names.set(node.id, value);
  }
  return builder.build(Object.fromEntries(Object.entries(graph.outputs).map(([name, value]) => [name, rename(value)])));
}
