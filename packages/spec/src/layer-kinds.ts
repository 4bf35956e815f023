import type { LayerSpec } from './layer-spec.ts';
import type { ModelSpec } from './model-spec.ts';

/** Layers that are alike. */
export interface LayerKind {
  /** Which ones, counted from 0. */
  layers: number[];
  spec: LayerSpec;
}

/** The different layers of a model, in the order in which they first come. */
export function layerKindsOf({ layers }: ModelSpec): LayerKind[] {
  const kinds = new Map<string, LayerKind>();
  layers.forEach((spec, i) => {
    // Specifications are parsed, so that equal ones have their keys in the same order.
    const key = JSON.stringify(spec);
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, { layers: [i], spec });
    else kind.layers.push(i);
  });
  return [...kinds.values()];
}
