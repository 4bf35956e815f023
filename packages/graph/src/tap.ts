import { RequestError } from '@tttv2/spec';
import type { Graph } from './graph.ts';
import { scopesOf } from './scopes.ts';

/** Name of the value that leaves a scope of the graph. @throws RequestError when there is no such scope, or nothing leaves it. */
export function tapValue(graph: Graph, scope: string): string {
  const scopes = scopesOf(graph);
  const output = scopes.get(scope)?.output;
  if (output) return output;
  const known = [...scopes.keys()].filter((path) => !path.includes('/'));
  throw new RequestError({
    field: 'want.taps',
    message: `"${scope}" is not a scope with an output; outermost are ${known.join(', ')}`,
  });
}
