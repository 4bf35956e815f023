import { type AttentionSpec, outputGateWidth } from './attention-spec.ts';
import { bytesOf, type Dtype } from './dtype.ts';
import type { FfnSpec } from './ffn-spec.ts';
import type { GatedDeltaSpec } from './gated-delta-spec.ts';
import type { LayerSpec, MixerSpec } from './layer-spec.ts';
import type { MlaSpec, SelectionSpec } from './mla-spec.ts';
import type { ModelSpec } from './model-spec.ts';
import type { MoeSpec } from './moe-spec.ts';
import type { NormSpec } from './norm-spec.ts';
import { type SsdSpec, ssdWidths } from './ssd-spec.ts';

/** Elements by group of parameters. */
export interface ParameterCount {
  embedding: number;
  mixers: number;
  ffns: number;
  /** With what layers multiply by. */
  norms: number;
  /** Without the weights of a head that is tied to the embedding. */
  lmHead: number;
  total: number;
}

/** How many parameters a model has; a tied head counts once. */
export function countParameters(model: ModelSpec): ParameterCount {
  const matrix = model.vocabSize * model.hiddenDim;
  const embedding = matrix + (model.learnedPositions?.size ?? 0) * model.hiddenDim;
  const mixers = sum(mixersOf(model), mixerParameters);
  const ffns = sum(model.layers, ({ ffn }) => ffnParameters(ffn));
  const norms =
    sum(model.layers, (layer) => layerNormParameters(layer, model.hiddenDim)) +
    sum(model.layers, ({ useOutputScale }) => (useOutputScale ? 1 : 0)) +
    sum([model.embeddingNorm, model.finalNorm], (norm) => normParameters(norm, model.hiddenDim));
  const lmHead = (model.tieEmbeddings ? 0 : matrix) + (model.useBiasHead ? model.vocabSize : 0);
  return { embedding, mixers, ffns, norms, lmHead, total: embedding + mixers + ffns + norms + lmHead };
}

/** Bytes of a KV cache of `tokens` tokens, keys and values of all layers, as the blocks lay them out. */
export function kvCacheBytes(model: ModelSpec, tokens: number, dtype: Dtype): number {
  return sum(mixersOf(model), (mixer) => {
    const bytes = (width: number) => bytesOf(cachedAs(mixer, dtype), [tokens, width]);
    return 2 * bytes(cachedWidth(mixer)) + bytes(ownSelection(mixer)?.headDim ?? 0);
  });
}

function mixersOf({ layers }: ModelSpec): MixerSpec[] {
  return layers.flatMap(({ mixer }) => (mixer === null ? [] : [mixer]));
}

function ownSelection(mixer: MixerSpec): Extract<SelectionSpec, { kind: 'own' }> | null {
  return mixer.kind === 'mla' && mixer.selection?.kind === 'own' ? mixer.selection : null;
}

/** With ALiBi keys hold their positions, for which 16 bits are too few. */
function cachedAs(mixer: MixerSpec, dtype: Dtype): Dtype {
  return mixer.kind === 'attention' && mixer.alibiSlopes !== null ? 'float32' : dtype;
}

/** Numbers of a token's keys; its values take as many. Latent attention caches heads, values as wide as keys. */
function cachedWidth(mixer: MixerSpec): number {
  switch (mixer.kind) {
    case 'attention':
      return mixer.numKvHeads * (mixer.headDim + (mixer.alibiSlopes === null ? 0 : 1));
    case 'mla':
      return mixer.numHeads * mlaKeyDim(mixer);
    case 'ssd':
    case 'gated_delta':
      return 0;
  }
}

/** Bytes of the recurrent states of one sequence, however long, float32. */
export function recurrentStateBytes(model: ModelSpec): number {
  return sum(mixersOf(model), (mixer) => bytesOf('float32', [keptNumbers(mixer)]));
}

/** Numbers that a mixer keeps of a sequence, however long: those of its heads, and what its convolutions see. */
function keptNumbers(mixer: MixerSpec): number {
  switch (mixer.kind) {
    case 'attention':
    case 'mla':
      return 0;
    case 'ssd':
      return stateNumbers(mixer) + (mixer.convWidth - 1) * ssdWidths(mixer).conv;
    case 'gated_delta':
      return stateNumbers(mixer) + (mixer.convWidth - 1) * deltaChannels(mixer);
  }
}

function stateNumbers(mixer: SsdSpec | GatedDeltaSpec): number {
  return mixer.numHeads * mixer.headDim * (mixer.kind === 'ssd' ? mixer.stateDim : mixer.keyDim);
}

/** What the convolutions go over: queries, keys and values. */
function deltaChannels({ numHeads, headDim, numKeyHeads, keyDim }: GatedDeltaSpec): number {
  return 2 * numKeyHeads * keyDim + numHeads * headDim;
}

/**
 * Floating-point operations to compute one token with `context` tokens before it: two for each weight of a matrix
 * product and for each element of q·k and of the weighted sum of values (a window or a chunk bounds the context); for each number of a
 * recurrent state one to let it decay, two to add to it and two to read it, by the delta rule twice.
 */
export function flopsPerToken(model: ModelSpec, context: number): number {
  const layers = sum(model.layers, (layer) => mixerCost(layer, context).flops + ffnCost(layer).flops);
  return layers + 2 * model.vocabSize * model.hiddenDim;
}

/** What a part of a layer takes for one token. */
export interface Cost {
  parameters: number;
  /** Floating-point operations, as `flopsPerToken` counts them. */
  flops: number;
}

/** Of a layer's mixer, with `context` tokens before the one that is computed. */
export function mixerCost({ mixer }: LayerSpec, context: number): Cost {
  if (mixer === null) return { parameters: 0, flops: 0 };
  return { parameters: mixerParameters(mixer), flops: mixerFlops(mixer, context) };
}

export function ffnCost({ ffn }: LayerSpec): Cost {
  return { parameters: ffnParameters(ffn), flops: 2 * usedWeights(ffn) };
}

function mixerFlops(mixer: MixerSpec, context: number): number {
  if (mixer.kind === 'mla') {
    const { numHeads, headDim } = ownSelection(mixer) ?? { numHeads: 0, headDim: 0 };
    const seen = Math.min(context + 1, mixer.selection?.topK ?? Number.POSITIVE_INFINITY);
    const heads = 2 * seen * mixer.numHeads * (mlaKeyDim(mixer) + mixer.vHeadDim);
    return 2 * mlaWeights(mixer) + heads + 2 * (context + 1) * numHeads * headDim;
  }
  if (mixer.kind === 'ssd') return 2 * ssdWeights(mixer) + 5 * stateNumbers(mixer);
  if (mixer.kind === 'gated_delta') return 2 * deltaWeights(mixer) + 7 * stateNumbers(mixer);
  const { slidingWindowSize, chunkSize } = mixer;
  const seen = Math.min(context + 1, slidingWindowSize ?? chunkSize ?? Number.POSITIVE_INFINITY);
  return 2 * attentionWeights(mixer) + 4 * seen * mixer.numHeads * mixer.headDim;
}

function mixerParameters(mixer: MixerSpec): number {
  switch (mixer.kind) {
    case 'attention':
      return attentionParameters(mixer);
    case 'mla':
      return mlaParameters(mixer);
    case 'ssd':
      return ssdParameters(mixer);
    case 'gated_delta':
      // A decay and a bias of the time step for each head, and the norm's weight.
      return deltaWeights(mixer) + 2 * mixer.numHeads + mixer.headDim;
  }
}

function mlaKeyDim({ qkNopeHeadDim, qkRopeHeadDim }: MlaSpec): number {
  return qkNopeHeadDim + qkRopeHeadDim;
}

function mlaWeights(mla: MlaSpec): number {
  const { hiddenDim, numHeads, qLoraRank, kvLoraRank, qkNopeHeadDim, qkRopeHeadDim, vHeadDim } = mla;
  const queries = numHeads * mlaKeyDim(mla);
  const q = qLoraRank === null ? hiddenDim * queries : qLoraRank * (hiddenDim + queries);
  const kv = hiddenDim * (kvLoraRank + qkRopeHeadDim) + kvLoraRank * numHeads * (qkNopeHeadDim + vHeadDim);
  return q + kv + numHeads * vHeadDim * hiddenDim + selectionWeights(mla);
}

/** Of queries, the key, and a weight for each head. */
function selectionWeights(mla: MlaSpec): number {
  const selection = ownSelection(mla);
  if (selection === null) return 0;
  const { numHeads, headDim } = selection;
  return (mla.qLoraRank ?? 0) * numHeads * headDim + mla.hiddenDim * (headDim + numHeads);
}

function mlaParameters(mla: MlaSpec): number {
  const { hiddenDim, qLoraRank, kvLoraRank, qkRopeHeadDim, latentNorm, useBias } = mla;
  const biases = useBias ? (qLoraRank ?? 0) + kvLoraRank + qkRopeHeadDim + hiddenDim : 0;
  // The norm of the selection's key has a weight and a bias.
  const ofKey = 2 * (ownSelection(mla)?.headDim ?? 0);
  return mlaWeights(mla) + biases + ofKey + sum([qLoraRank ?? 0, kvLoraRank], (dim) => normParameters(latentNorm, dim));
}

/** Of the projections in and out, and the convolution. */
function ssdWeights(mixer: SsdSpec): number {
  const { inner, conv, projected } = ssdWidths(mixer);
  return mixer.hiddenDim * (projected + inner) + conv * mixer.convWidth;
}

function ssdParameters(mixer: SsdSpec): number {
  const { inner, conv, projected } = ssdWidths(mixer);
  const biases = (mixer.useBias ? projected + mixer.hiddenDim : 0) + (mixer.useBiasConv ? conv : 0);
  // A decay, a bias of the time step and a skip weight for each head; the norm's weight.
  return ssdWeights(mixer) + biases + 3 * mixer.numHeads + inner;
}

/** Of the projections in (queries, keys, values, their gate, two numbers a head) and out, and the convolutions. */
function deltaWeights(mixer: GatedDeltaSpec): number {
  const { hiddenDim, numHeads, headDim, convWidth } = mixer;
  const channels = deltaChannels(mixer);
  return hiddenDim * (channels + 2 * numHeads * headDim + 2 * numHeads) + channels * convWidth;
}

/** Of the projections q, k, v, o, and the gate's. */
function attentionWeights(attention: AttentionSpec): number {
  const { hiddenDim, numHeads, numKvHeads, headDim } = attention;
  const heads = 2 * numHeads + numKvHeads * kvProjections(attention);
  return hiddenDim * (headDim * heads + outputGateWidth(attention));
}

/** Keys and values have one between them, or one each. */
function kvProjections({ valuesAreKeys }: AttentionSpec): number {
  return valuesAreKeys ? 1 : 2;
}

function attentionParameters(attention: AttentionSpec): number {
  const { hiddenDim, numHeads, numKvHeads, headDim, useBiasQ, useBiasKv, useBiasO } = attention;
  const kvBiases = useBiasKv ? kvProjections(attention) * numKvHeads * headDim : 0;
  const biases = (useBiasQ ? numHeads * headDim : 0) + kvBiases + (useBiasO ? hiddenDim : 0);
  const sinks = attention.useSinks ? numHeads : 0;
  const ofValues = normParameters(attention.vNorm, headDim);
  const norms = qkNormParameters(attention) + ofValues + normParameters(attention.outputNorm, numHeads * headDim);
  return attentionWeights(attention) + biases + sinks + norms;
}

function qkNormParameters({ qkNorm, numHeads, numKvHeads, headDim }: AttentionSpec): number {
  if (qkNorm === null) return 0;
  const dims = qkNorm.scope === 'per_head' ? [headDim, headDim] : [numHeads * headDim, numKvHeads * headDim];
  return sum(dims, (dim) => normParameters(qkNorm.norm, dim));
}

function ffnWeights({ hiddenDim, intermediateDim, useGate }: FfnSpec): number {
  return (useGate ? 3 : 2) * hiddenDim * intermediateDim;
}

/** Weights that a token is multiplied by: of experts those that see it. */
function usedWeights(ffn: LayerSpec['ffn']): number {
  if (ffn === null) return 0;
  if (ffn.kind === 'dense') return ffnWeights(ffn);
  const shared = ffn.shared === null ? 0 : ffnWeights(ffn.shared.ffn) + sharedGateWeights(ffn);
  return routerWeights(ffn) + latentWeights(ffn) + ffn.topK * expertWeights(ffn) + shared;
}

function sharedGateWeights({ hiddenDim, shared }: MoeSpec): number {
  return shared?.useGate ? hiddenDim : 0;
}

function routerWeights({ hiddenDim, numExperts }: MoeSpec): number {
  return hiddenDim * numExperts;
}

function expertWeights({ hiddenDim, latentDim, intermediateDim, useGate }: MoeSpec): number {
  return (useGate ? 3 : 2) * (latentDim ?? hiddenDim) * intermediateDim;
}

/** Of the projections to what experts read, and back. */
function latentWeights({ hiddenDim, latentDim }: MoeSpec): number {
  return 2 * hiddenDim * (latentDim ?? 0);
}

function ffnParameters(ffn: LayerSpec['ffn']): number {
  if (ffn === null) return 0;
  if (ffn.kind === 'moe') return moeParameters(ffn);
  const biases = ffn.useBias ? (ffn.useGate ? 2 : 1) * ffn.intermediateDim + ffn.hiddenDim : 0;
  return ffnWeights(ffn) + biases + normParameters(ffn.innerNorm, ffn.intermediateDim);
}

function moeParameters(moe: MoeSpec): number {
  const { hiddenDim, latentDim, numExperts, intermediateDim, useGate, useBias, router, shared } = moe;
  const expertBiases = useBias ? (useGate ? 2 : 1) * intermediateDim + (latentDim ?? hiddenDim) : 0;
  const routerBiases =
    numExperts * [router.useBias, router.useSelectionBias, router.useExpertScale].filter(Boolean).length;
  const ofExperts = numExperts * (expertWeights(moe) + expertBiases);
  const ofShared = shared === null ? 0 : ffnParameters(shared.ffn) + sharedGateWeights(moe);
  const norms = [router.norm, moe.norms.pre, moe.norms.post, shared?.norms.pre ?? null, shared?.norms.post ?? null];
  const ofNorms = sum(norms, (norm) => normParameters(norm, hiddenDim));
  return routerWeights(moe) + routerBiases + latentWeights(moe) + ofExperts + ofShared + ofNorms;
}

function layerNormParameters({ norms }: LayerSpec, hiddenDim: number): number {
  return sum(Object.values(norms), (norm) => normParameters(norm, hiddenDim));
}

function normParameters(norm: NormSpec | null, dim: number): number {
  if (norm === null) return 0;
  return (norm.weight === 'none' ? 0 : dim) + (norm.useBias ? dim : 0);
}

function sum<T>(items: readonly T[], term: (item: T) => number): number {
  return items.reduce((total, item) => total + term(item), 0);
}
