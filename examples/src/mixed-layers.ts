import { attentionSpec, ffnSpec, layerSpec, type ModelSpec, modelSpec } from '@tttv2/spec';

/** The seed's third example: every fourth layer sees a window, the others all tokens; all widths are divided by `scale`. */
export function mixedLayers(scale: number): ModelSpec {
  const hiddenDim = 4096 / scale;
  const ffn = ffnSpec({ hiddenDim, intermediateDim: 11008 / scale });
  const windowed = attentionSpec({
    hiddenDim,
    numHeads: 32,
    attentionType: 'sliding_window',
    slidingWindowSize: 2048 / scale,
  });
  const full = attentionSpec({ hiddenDim, numHeads: 32, attentionType: 'multi_head' });
  return modelSpec({
    vocabSize: 32000 / scale,
    hiddenDim,
    numLayers: 32,
    layers: Array.from({ length: 32 }, (_, i) => layerSpec({ attention: i % 4 === 0 ? windowed : full, ffn })),
  });
}
