import { type AttentionOptions, attentionSpec } from './attention-spec.ts';
import { type ActivationType, ffnSpec } from './ffn-spec.ts';
import { layerSpec } from './layer-spec.ts';
import { type ModelSpec, modelSpec } from './model-spec.ts';
import type { NormType } from './norm-spec.ts';
import type { RopeScaling } from './rope-spec.ts';

/** A model whose layers are all alike: the seed's `ModelSpec.uniform`. Defaults as in the constructors it calls. */
export interface UniformOptions extends AttentionOptions {
  vocabSize: number;
  numLayers: number;
  intermediateDim: number;
  activation?: ActivationType | 'swish';
  useGate?: boolean;
  /** Biases of the feed-forward projections. */
  useBias?: boolean;
  normType?: NormType;
  normEps?: number;
  preNorm?: boolean;
  maxSeqLen?: number | null;
  ropeScaling?: RopeScaling | null;
  tieEmbeddings?: boolean;
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

function pickFfn({ hiddenDim, intermediateDim, activation, useGate, useBias }: UniformOptions) {
  return {
    hiddenDim,
    intermediateDim,
    ...(activation === undefined ? {} : { activation }),
    ...(useGate === undefined ? {} : { useGate }),
    ...(useBias === undefined ? {} : { useBias }),
  };
}
