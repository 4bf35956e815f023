import { RequestError } from '@tttv2/spec';
import type { Graph } from './graph.ts';
import { type Mesh, onlyPlace } from './mesh.ts';
import { type Scope, scopesOf } from './scopes.ts';
import { variationOf } from './variation.ts';

/** By graph, which nobody changes: a step may want many scopes of one. */
const found = new WeakMap<Graph, ReadonlyMap<string, Scope>>();

function knownScopes(graph: Graph): ReadonlyMap<string, Scope> {
  const known = found.get(graph) ?? scopesOf(graph);
  found.set(graph, known);
  return known;
}

/**
 * Name of the value that leaves a scope of the graph. @throws RequestError when there is no such scope, or nothing leaves
 * it, or what leaves it differs from device to device.
 */
export function tapValue(graph: Graph, scope: string, mesh: Mesh = onlyPlace.mesh): string {
  const output = knownScopes(graph).get(scope)?.output;
  if (output && !variationOf(graph, mesh).has(output)) return output;
  if (output) {
    const message = `"${scope}" lies in parts on ${mesh.join('×')} devices: tap the scope around it, or load with a tensorParallelSize of 1`;
    throw new RequestError({ field: 'want.taps', message });
  }
  throw unknownScope(scope, [graph]);
}

/** The stage of a program in which a scope lies, and the value that leaves it. @throws RequestError as `tapValue` does. */
export function tapStage(stages: readonly Graph[], scope: string, mesh: Mesh): { stage: Graph; value: string } {
  const stage = stages.find((graph) => knownScopes(graph).has(scope));
  if (stage === undefined) throw unknownScope(scope, stages);
  return { stage, value: tapValue(stage, scope, mesh) };
}

function unknownScope(scope: string, stages: readonly Graph[]): RequestError {
  const known = stages.flatMap((graph) => [...knownScopes(graph).keys()].filter((path) => !path.includes('/')));
  const message = `"${scope}" is not a scope with an output; outermost are ${known.join(', ')}`;
  return new RequestError({ field: 'want.taps', message });
}
