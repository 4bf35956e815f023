import {
  type AttentionSpec,
  type FfnSpec,
  type GatedDeltaSpec,
  type LayerSpec,
  type MixerSpec,
  type MlaSpec,
  type ModelSpec,
  type MoeSpec,
  type NormSpec,
  outputGateWidth,
  type SelectionSpec,
  type SsdSpec,
  ssdWidths,
} from '@tttv2/spec';

type Entry = [name: string, shape: number[]];

/** Every parameter of a model by its canonical name, with its shape: `[out, in]` for a matrix, `[dim]` for a vector. */
export function expectedParameters(spec: ModelSpec): Map<string, number[]> {
  const { vocabSize, hiddenDim } = spec;
  return new Map([
    ['embedding.weight', [vocabSize, hiddenDim]],
    ...(spec.learnedPositions === null ? [] : [positions(spec.learnedPositions.size, hiddenDim)]),
    ...normParameters('embeddingNorm', spec.embeddingNorm, hiddenDim),
    ...spec.layers.flatMap((layer, i) => under(`layers.${i}`, layerParameters(layer, hiddenDim))),
    ...normParameters('finalNorm', spec.finalNorm, hiddenDim),
    ...(spec.tieEmbeddings ? [] : linear('lmHead', vocabSize, hiddenDim, false)),
    ...(spec.useBiasHead ? [['lmHead.bias', [vocabSize]] satisfies Entry] : []),
  ]);
}

function positions(size: number, hiddenDim: number): Entry {
  return ['positions.weight', [size, hiddenDim]];
}

function layerParameters({ norms, mixer, ffn, useOutputScale }: LayerSpec, hiddenDim: number): Entry[] {
  return [
    ...normParameters('preMixerNorm', norms.preMixer, hiddenDim),
    ...(mixer === null ? [] : under('mixer', mixerParameters(mixer))),
    ...normParameters('postMixerNorm', norms.postMixer, hiddenDim),
    ...normParameters('preFfnNorm', norms.preFfn, hiddenDim),
    ...(ffn === null ? [] : under('ffn', ffn.kind === 'moe' ? moeParameters(ffn) : ffnParameters(ffn))),
    ...normParameters('postFfnNorm', norms.postFfn, hiddenDim),
    ...(useOutputScale ? [['outputScale', [1]] satisfies Entry] : []),
  ];
}

function mixerParameters(mixer: MixerSpec): Entry[] {
  switch (mixer.kind) {
    case 'attention':
      return attentionParameters(mixer);
    case 'mla':
      return mlaParameters(mixer);
    case 'ssd':
      return ssdParameters(mixer);
    case 'gated_delta':
      return gatedDeltaParameters(mixer);
  }
}

function ssdParameters(mixer: SsdSpec): Entry[] {
  const { hiddenDim, numHeads, convWidth, useBias, useBiasConv } = mixer;
  const { inner, conv, projected } = ssdWidths(mixer);
  return [
    ...linear('in', projected, hiddenDim, useBias),
    ...linear('conv', conv, convWidth, useBiasConv),
    ['scan.timeStepBias', [numHeads]],
    ['scan.logDecay', [numHeads]],
    ['scan.skip', [numHeads]],
    ['norm.weight', [inner]],
    ...linear('out', hiddenDim, inner, useBias),
  ];
}

function gatedDeltaParameters(mixer: GatedDeltaSpec): Entry[] {
  const { hiddenDim, numHeads, headDim, numKeyHeads, keyDim, convWidth } = mixer;
  const [keys, values] = [numKeyHeads * keyDim, numHeads * headDim];
  return [
    ...linear('in.q', keys, hiddenDim, false),
    ...linear('in.k', keys, hiddenDim, false),
    ...linear('in.v', values, hiddenDim, false),
    ...linear('in.gate', values, hiddenDim, false),
    ...linear('in.timeStep', numHeads, hiddenDim, false),
    ...linear('in.beta', numHeads, hiddenDim, false),
    ...linear('conv.q', keys, convWidth, false),
    ...linear('conv.k', keys, convWidth, false),
    ...linear('conv.v', values, convWidth, false),
    ['scan.timeStepBias', [numHeads]],
    ['scan.logDecay', [numHeads]],
    ['norm.weight', [headDim]],
    ...linear('out', hiddenDim, values, false),
  ];
}

function attentionParameters(attention: AttentionSpec): Entry[] {
  const { hiddenDim, numHeads, numKvHeads, headDim, useBiasQ, useBiasKv, useBiasO } = attention;
  const { useSinks, outputGate, valuesAreKeys } = attention;
  return [
    ...linear('q', numHeads * headDim, hiddenDim, useBiasQ),
    ...(valuesAreKeys ? ['kv'] : ['k', 'v']).flatMap((name) =>
      linear(name, numKvHeads * headDim, hiddenDim, useBiasKv),
    ),
    ...linear('o', hiddenDim, numHeads * headDim, useBiasO),
    ...(outputGate === null ? [] : linear('gate', outputGateWidth(attention), hiddenDim, false)),
    ...(useSinks ? [['sinks', [numHeads]] satisfies Entry] : []),
    ...qkNormParameters(attention),
    ...normParameters('v.norm', attention.vNorm, headDim),
    ...normParameters('outputNorm', attention.outputNorm, numHeads * headDim),
  ];
}

function mlaParameters(mla: MlaSpec): Entry[] {
  const { hiddenDim, numHeads, qLoraRank, kvLoraRank, qkNopeHeadDim, qkRopeHeadDim, vHeadDim, latentNorm } = mla;
  const queries = numHeads * (qkNopeHeadDim + qkRopeHeadDim);
  return [
    ...(qLoraRank === null
      ? linear('q', queries, hiddenDim, false)
      : [
          ...linear('q.down', qLoraRank, hiddenDim, mla.useBias),
          ...normParameters('q.norm', latentNorm, qLoraRank),
          ...linear('q.up', queries, qLoraRank, false),
          ...under('q.selection', selectionParameters(mla.selection, hiddenDim, qLoraRank)),
        ]),
    ...linear('kvDown', kvLoraRank + qkRopeHeadDim, hiddenDim, mla.useBias),
    ...normParameters('kvNorm', latentNorm, kvLoraRank),
    ...linear('kvUp', numHeads * (qkNopeHeadDim + vHeadDim), kvLoraRank, false),
    ...linear('o', hiddenDim, numHeads * vHeadDim, mla.useBias),
  ];
}

function selectionParameters(selection: SelectionSpec | null, hiddenDim: number, latentDim: number): Entry[] {
  if (selection?.kind !== 'own') return [];
  const { numHeads, headDim } = selection;
  return [
    ...linear('q', numHeads * headDim, latentDim, false),
    ...linear('k', headDim, hiddenDim, false),
    ['k.norm.weight', [headDim]],
    ['k.norm.bias', [headDim]],
    ...linear('weights', numHeads, hiddenDim, false),
  ];
}

function qkNormParameters({ qkNorm, numHeads, numKvHeads, headDim }: AttentionSpec): Entry[] {
  if (qkNorm === null) return [];
  if (qkNorm.scope === 'per_head_weights')
    return [
      ['q.norm.weight', [numHeads, headDim]],
      ['k.norm.weight', [numKvHeads, headDim]],
    ];
  const dimOf = (heads: number) => (qkNorm.scope === 'per_head' ? headDim : heads * headDim);
  return [
    ...normParameters('q.norm', qkNorm.norm, dimOf(numHeads)),
    ...normParameters('k.norm', qkNorm.norm, dimOf(numKvHeads)),
  ];
}

function ffnParameters({ hiddenDim, intermediateDim, useGate, useBias, innerNorm }: FfnSpec): Entry[] {
  return [
    ...(useGate ? linear('gate', intermediateDim, hiddenDim, useBias) : []),
    ...linear('up', intermediateDim, hiddenDim, useBias),
    ...normParameters('innerNorm', innerNorm, intermediateDim),
    ...linear('down', hiddenDim, intermediateDim, useBias),
  ];
}

function moeParameters(moe: MoeSpec): Entry[] {
  const { hiddenDim, latentDim, numExperts, router, norms, shared } = moe;
  const ofDim = (name: string, norm: NormSpec | null | undefined) => normParameters(name, norm ?? null, hiddenDim);
  return [
    ...ofDim('router.norm', router.norm),
    ...linear('router', numExperts, hiddenDim, router.useBias),
    ...(latentDim === null ? [] : linear('latentDown', latentDim, hiddenDim, false)),
    ...expertParameters(moe),
    ...(latentDim === null ? [] : linear('latentUp', hiddenDim, latentDim, false)),
    ...(router.useSelectionBias ? [['router.selectionBias', [numExperts]] satisfies Entry] : []),
    ...(router.useExpertScale ? [['expertScale', [numExperts]] satisfies Entry] : []),
    ...ofDim('expertsPreNorm', norms.pre),
    ...ofDim('expertsPostNorm', norms.post),
    ...(shared === null ? [] : under('shared', ffnParameters(shared.ffn))),
    ...ofDim('sharedPreNorm', shared?.norms.pre),
    ...ofDim('sharedPostNorm', shared?.norms.post),
    ...(shared?.useGate ? linear('sharedGate', 1, hiddenDim, false) : []),
  ];
}

function expertParameters({ hiddenDim, latentDim, numExperts, intermediateDim, useGate, useBias }: MoeSpec): Entry[] {
  const width = latentDim ?? hiddenDim;
  const ofOne = [
    ...(useGate ? linear('gate', intermediateDim, width, useBias) : []),
    ...linear('up', intermediateDim, width, useBias),
    ...linear('down', width, intermediateDim, useBias),
  ];
  return under('experts', ofOne).map(([name, shape]) => [name, [numExperts, ...shape]]);
}

function linear(name: string, out: number, input: number, useBias: boolean): Entry[] {
  return [[`${name}.weight`, [out, input]], ...(useBias ? [[`${name}.bias`, [out]] satisfies Entry] : [])];
}

function normParameters(name: string, norm: NormSpec | null, dim: number): Entry[] {
  if (norm === null) return [];
  return [
    ...(norm.weight === 'none' ? [] : [[`${name}.weight`, [dim]] satisfies Entry]),
    ...(norm.useBias ? [[`${name}.bias`, [dim]] satisfies Entry] : []),
  ];
}

function under(scope: string, entries: readonly Entry[]): Entry[] {
  return entries.map(([name, shape]) => [`${scope}.${name}`, shape]);
}
