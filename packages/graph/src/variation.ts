import { type Graph, isCollective, type Node } from './graph.ts';
import type { Mesh, MeshAxis } from './mesh.ts';
import type { Sharding } from './sharding.ts';
import { stateOf } from './state-of.ts';

/** The values that may differ from device to device, and along which axes of the mesh; all others are the same on all. */
export function variationOf(graph: Graph, mesh: Mesh): Map<string, ReadonlySet<MeshAxis>> {
  const variation = new Map<string, ReadonlySet<MeshAxis>>();
  const set = (name: string, axes: ReadonlySet<MeshAxis>) => {
    const varying = [...axes].filter((axis) => mesh[axis] > 1);
    if (varying.length > 0) variation.set(name, new Set(varying));
  };
  for (const [name, parameter] of Object.entries(graph.parameters)) {
    const forms = [parameter, ...(parameter.parts ?? [])];
    set(name, new Set(forms.flatMap(({ sharding }) => [...axesOf(sharding)])));
  }
  for (const node of graph.nodes) {
    const axes = new Set(node.inputs.flatMap((name) => [...(variation.get(name) ?? [])]));
    for (const axis of axesOf(stateSharding(node, graph))) axes.add(axis);
    if (isCollective(node)) axes.delete(node.attrs.meshAxis);
    set(node.id, axes);
  }
  return variation;
}

function stateSharding(node: Node, { states }: Graph): Sharding | null {
  const state = states[stateOf(node) ?? ''];
  return state?.kind === 'kv_cache' ? state.sharding : null;
}

function axesOf(sharding: Sharding | null): Set<MeshAxis> {
  return new Set(sharding === null ? [] : [sharding.meshAxis]);
}
