import { type AttentionOptions, attentionSpec } from './attention-spec.ts';
import { type ActivationType, ffnSpec } from './ffn-spec.ts';
import { type LayerShapeOptions, layerSpec } from './layer-spec.ts';
import { type ModelOptions, type ModelSpec, modelSpec } from './model-spec.ts';
import type { NormSpec } from './norm-spec.ts';

/** A model whose layers are all alike: the seed's `ModelSpec.uniform`. Defaults as in the constructors it calls. */
export interface UniformOptions
  extends AttentionOptions,
    Omit<LayerShapeOptions, 'ffn'>,
    Omit<ModelOptions, 'layers' | 'numLayers' | 'ropeTables' | 'finalNorm'> {
  numLayers: number;
  intermediateDim: number;
  activation?: ActivationType | 'swish';
  useGate?: boolean;
  /** Biases of the feed-forward projections. */
  useBias?: boolean;
  /** Normalises the inner values of the feed-forward network. */
  innerNorm?: NormSpec | null;
}

/** @throws SpecError that names the field. */
export function uniformModelSpec(options: UniformOptions): ModelSpec {
  const { vocabSize, hiddenDim, numLayers } = options;
  const layer = layerSpec({ ...options, attention: attentionSpec(options), ffn: ffnSpec(pickFfn(options)) });
  return modelSpec({
    ...options,
    vocabSize,
    hiddenDim,
    numLayers,
    layers: Array.from({ length: numLayers }, () => layer),
  });
}

function pickFfn({ hiddenDim, intermediateDim, activation, useGate, useBias, innerNorm }: UniformOptions) {
  return {
    hiddenDim,
    intermediateDim,
    ...(activation === undefined ? {} : { activation }),
    ...(useGate === undefined ? {} : { useGate }),
    ...(useBias === undefined ? {} : { useBias }),
    ...(innerNorm === undefined ? {} : { innerNorm }),
  };
}
