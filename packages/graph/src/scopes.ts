import type { Graph } from './graph.ts';
import { GraphError } from './graph-error.ts';

/** A scope of a graph: the nodes `from` up to, not including, `to`, and the one whose value leaves it. */
export interface Scope {
  path: string;
  from: number;
  to: number;
  /** Name of the value that is used outside; null when none is. */
  output: string | null;
}

/** All scopes of a graph by path, outer ones before the inner. @throws GraphError when one is torn apart or has two outputs. */
export function scopesOf(graph: Graph): Map<string, Scope> {
  const ranges = new Map<string, Scope>();
  graph.nodes.forEach(({ id, scope }, index) => {
    for (const path of pathsOf(scope)) {
      const range = ranges.get(path);
      if (range === undefined) ranges.set(path, { path, from: index, to: index + 1, output: null });
      else if (range.to === index) range.to = index + 1;
      else
        throw new GraphError({
          where: id,
          scope,
          message: `the scope "${path}" was left at node ${range.to} and is entered again`,
        });
    }
  });
  addOutputs(graph, ranges);
  return ranges;
}

export function checkScopes(graph: Graph): void {
  scopesOf(graph);
}

function addOutputs(graph: Graph, ranges: ReadonlyMap<string, Scope>): void {
  const indexOf = new Map(graph.nodes.map(({ id }, index) => [id, index]));
  const use = (value: string, at: number) => {
    const index = indexOf.get(value);
    // Which tokens were selected is no value that a scope is there for.
    if (index === undefined || graph.nodes[index]?.type.dtype === 'int32') return;
    for (const path of pathsOf(graph.nodes[index]?.scope ?? '')) {
      const range = ranges.get(path);
      if (range === undefined || (at >= range.from && at < range.to)) continue;
      if (range.output !== null && range.output !== value) {
        throw new GraphError({
          where: value,
          scope: path,
          message: `leaves its scope, but so does ${range.output}: a scope has one output`,
        });
      }
      range.output = value;
    }
  };
  graph.nodes.forEach(({ inputs }, at) => {
    for (const input of inputs) use(input, at);
  });
  for (const value of Object.values(graph.outputs)) use(value, graph.nodes.length);
}

/** `a/b/c` → `a`, `a/b`, `a/b/c`. */
function pathsOf(scope: string): string[] {
  if (scope === '') return [];
  const parts = scope.split('/');
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}
