import { type AttentionOptions, attentionSpec } from './attention-spec.ts';
import { type FfnOptions, ffnSpec } from './ffn-spec.ts';
import { type LayerShapeOptions, layerSpec } from './layer-spec.ts';
import { type ModelOptions, type ModelSpec, modelSpec } from './model-spec.ts';

/** A model whose layers are all alike: the seed's `ModelSpec.uniform`. Defaults as in the constructors it calls. */
export interface UniformOptions
  extends AttentionOptions,
    FfnOptions,
    Omit<LayerShapeOptions, 'ffn'>,
    Omit<ModelOptions, 'layers' | 'numLayers' | 'ropeTables' | 'finalNorm'> {
  numLayers: number;
}

/** @throws SpecError that names the field. */
export function uniformModelSpec(options: UniformOptions): ModelSpec {
  const { numLayers } = options;
  const layer = layerSpec({ ...options, attention: attentionSpec(options), ffn: ffnSpec(options) });
  return modelSpec({ ...options, layers: Array.from({ length: numLayers }, () => layer) });
}
