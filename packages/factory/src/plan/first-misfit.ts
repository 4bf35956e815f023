import type { MemoryNeed, PartNeed } from './memory-need.ts';
import type { Misfit } from './memory-plan.ts';

/** Fills `memoryBytes` with what a device needs, in order, until something has no room; null: all of it has. */
export function firstMisfit({ reserved, parts, activations }: MemoryNeed, memoryBytes: number): Misfit | null {
  const nowhere = { part: null, layer: null };
  const needs = [
    { what: 'reserved', ...nowhere, wanted: reserved } as const,
    ...parts.map((part) => ({ what: 'weights', ...placeOf(part), wanted: part.weights }) as const),
    ...parts.map((part) => ({ what: 'states', ...placeOf(part), wanted: part.states }) as const),
    { what: 'activations', ...nowhere, wanted: activations } as const,
  ];
  let available = memoryBytes;
  for (const need of needs) {
    if (need.wanted > available) return { ...need, available };
    available -= need.wanted;
  }
  return null;
}

function placeOf({ kind, layer }: PartNeed) {
  return { part: kind, layer };
}
