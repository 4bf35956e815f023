import { type ModelSpec, modelSpecSchema, parseWith, uniformModelSpec } from '@tttv2/spec';

/** A llama whose heads are whole tiles: what a Tenstorrent board has its own ops for. */
export const smallLlama = uniformModelSpec({
  vocabSize: 512,
  hiddenDim: 256,
  numLayers: 2,
  numHeads: 4,
  numKvHeads: 2,
  headDim: 64,
  intermediateDim: 512,
  attentionType: 'grouped_query',
  useBias: false,
});

/** With rotary pairs as llama.cpp has them in its files. */
export function interleaved(spec: ModelSpec): ModelSpec {
  const tables = Object.entries(spec.ropeTables).map(([name, rope]) => [name, { ...rope, layout: 'interleaved' }]);
  return parseWith(modelSpecSchema, { ...spec, ropeTables: Object.fromEntries(tables) });
}
