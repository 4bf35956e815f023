import { attentionSpec, ffnSpec, layerSpec, type ModelSpec, modelSpec } from '@tttv2/spec';

/** The seed's second example: a model written by hand, layer by layer; all widths are divided by `scale`. */
export function manualSpecification(scale: number): ModelSpec {
  const hiddenDim = 4096 / scale;
  return modelSpec({
    vocabSize: 32000 / scale,
    hiddenDim,
    numLayers: 32,
    layers: Array.from({ length: 32 }, () =>
      layerSpec({
        attention: attentionSpec({ hiddenDim, numHeads: 32, attentionType: 'grouped_query', numKvHeads: 8 }),
        ffn: ffnSpec({ hiddenDim, intermediateDim: 11008 / scale, activation: 'silu' }),
      }),
    ),
  });
}
