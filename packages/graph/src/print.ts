import type { Dtype } from '@tttv2/spec';
import { type Graph, kvCachesOf, type Node } from './graph.ts';
import { showType } from './value-type.ts';

/**
 * A graph as text: one line a node, indented by scope, with the scope's name above its first node. Parameters and caches
 * that are to be stored in a type bear it behind a colon.
 */
export function printGraph(graph: Graph): string {
  const lines = [`graph ${graph.name} (opset ${graph.opset})`, `inputs ${graph.inputs.join(' ')}`];
  for (const [name, type] of Object.entries(graph.received)) lines.push(`received ${name} ${showType(type)}`);
  const storedAs = new Map(
    [...Object.entries(graph.parameters), ...kvCachesOf(graph)].flatMap(([name, { stored }]) =>
      stored === null ? [] : [[name, stored] as const],
    ),
  );
  let open: string[] = [];
  for (const node of graph.nodes) {
    const parts = node.scope === '' ? [] : node.scope.split('/');
    const shared = parts.findIndex((part, i) => part !== open[i]);
    for (let i = shared < 0 ? parts.length : shared; i < parts.length; i++) lines.push(`${'  '.repeat(i)}${parts[i]}/`);
    open = parts;
    lines.push(`${'  '.repeat(parts.length)}${printNode(node, storedAs)}`);
  }
  for (const [name, value] of Object.entries(graph.outputs)) lines.push(`output ${name} = ${value}`);
  return lines.join('\n');
}

function printNode({ id, op, attrs, inputs, type }: Node, storedAs: ReadonlyMap<string, Dtype>): string {
  const typed = (name: string) => (storedAs.has(name) ? `${name}:${storedAs.get(name)}` : name);
  const shown = Object.entries(attrs).map(
    ([name, value]) => `${name}=${shorten(JSON.stringify(name === 'state' ? typed(String(value)) : value))}`,
  );
  return `${id} = ${op}(${[...inputs.map(typed), ...shown].join(', ')}) ${showType(type)}`;
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
