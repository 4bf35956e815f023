import { RequestError } from '@tttv2/spec';
import type { Graph } from './graph.ts';
import { type Mesh, onlyPlace } from './mesh.ts';
import { scopesOf } from './scopes.ts';
import { variationOf } from './variation.ts';

/**
 * Name of the value that leaves a scope of the graph. @throws RequestError when there is no such scope, or nothing leaves
 * it, or what leaves it differs from device to device.
 */
export function tapValue(graph: Graph, scope: string, mesh: Mesh = onlyPlace.mesh): string {
  const scopes = scopesOf(graph);
  const output = scopes.get(scope)?.output;
  if (output && !variationOf(graph, mesh).has(output)) return output;
  if (output) {
    const message = `"${scope}" lies in parts on ${mesh.join('×')} devices: tap the scope around it, or load with a tensorParallelSize of 1`;
    throw new RequestError({ field: 'want.taps', message });
  }
  const known = [...scopes.keys()].filter((path) => !path.includes('/'));
  throw new RequestError({
    field: 'want.taps',
    message: `"${scope}" is not a scope with an output; outermost are ${known.join(', ')}`,
  });
}
