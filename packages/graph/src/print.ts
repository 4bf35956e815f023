import type { Graph, Node } from './graph.ts';
import { showType } from './value-type.ts';

/** A graph as text: one line a node, indented by scope, with the scope's name above its first node. */
export function printGraph(graph: Graph): string {
  const lines = [`graph ${graph.name} (opset ${graph.opset})`, `inputs ${graph.inputs.join(' ')}`];
  for (const [name, type] of Object.entries(graph.received)) lines.push(`received ${name} ${showType(type)}`);
  let open: string[] = [];
  for (const node of graph.nodes) {
    const parts = node.scope === '' ? [] : node.scope.split('/');
    const shared = parts.findIndex((part, i) => part !== open[i]);
    for (let i = shared < 0 ? parts.length : shared; i < parts.length; i++) lines.push(`${'  '.repeat(i)}${parts[i]}/`);
    open = parts;
    lines.push(`${'  '.repeat(parts.length)}${printNode(node)}`);
  }
  for (const [name, value] of Object.entries(graph.outputs)) lines.push(`output ${name} = ${value}`);
  return lines.join('\n');
}

function printNode({ id, op, attrs, inputs, type }: Node): string {
  const shown = Object.entries(attrs).map(([name, value]) => `${name}=${shorten(JSON.stringify(value))}`);
  return `${id} = ${op}(${[...inputs, ...shown].join(', ')}) ${showType(type)}`;
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
