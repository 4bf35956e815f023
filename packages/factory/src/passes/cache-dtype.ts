import { type Graph, kvCachesOf } from '@tttv2/graph';
import type { KvCacheDtype } from '@tttv2/spec';

/** Stores every KV cache in one type. */
export function cacheDtype(graph: Graph, dtype: KvCacheDtype): Graph {
  const caches = kvCachesOf(graph).map(([name, cache]) => [name, { ...cache, stored: dtype }] as const);
  return { ...graph, states: { ...graph.states, ...Object.fromEntries(caches) } };
}
