import type { Graph, GraphState, PlannedStep, StepSizes } from '@tttv2/graph';
import {
  bytesOf,
  type DeviceStorage,
  type Dtype,
  type KvCacheDtype,
  type Precision,
  type WeightDtype,
} from '@tttv2/spec';
import type { HeldWeights } from './held-weights.ts';
import { peakOfLiveValues } from './live-values.ts';
import type { Layout, Part } from './model-layout.ts';
import { filled, tiled } from './tiles.ts';

/** What is asked of a model: how it is held, and for what. */
export interface MemoryDemand {
  /** null: as the device holds matrices when nothing is said. */
  weightDtype: WeightDtype | null;
  /** null: likewise. */
  kvCacheDtype: KvCacheDtype | null;
  /** Tokens of a sequence. */
  context: number;
  /** Sequences at a time. */
  batch: number;
  /** Types of groups, over the two above; a type of the cache gives way to `kvCacheDtype`. */
  precision?: Precision | undefined;
  /** Unset: as the device attends when nothing is said. */
  useFlashAttention?: boolean | undefined;
}

/** What a step would be computed in, where the device's backend can tell; null: where it cannot. */
export type MeasureStep = (step: PlannedStep) => number | null;

/** Bytes of one layer, on one device. */
export interface PartNeed {
  kind: Part['kind'];
  /** Which one, counted from 0; null for what is no layer. */
  layer: number | null;
  weights: number;
  /** KV caches and recurrent states. */
  states: number;
}

/** Bytes that one device needs. */
export interface MemoryNeed {
  /** How it holds KV caches. */
  kvCacheDtype: KvCacheDtype;
  reserved: number;
  /** In the order of the model. */
  parts: PartNeed[];
  weights: number;
  states: number;
  activations: number;
  total: number;
}

/** What one device of a layout needs for what is asked of it. */
export function memoryNeed(
  { graph, shortened }: Layout,
  { parts, isExact }: HeldWeights,
  storage: DeviceStorage,
  demand: MemoryDemand,
  measure: MeasureStep,
): MemoryNeed {
  const kvCacheDtype =
    demand.kvCacheDtype ?? demand.precision?.kv_cache ?? storage.kvCacheDtype[isExact ? 'exact' : 'fast'];
  const needs = parts.flatMap(({ kind, states: own, layers }) => {
    const states = statesBytes(own, storage, demand, kvCacheDtype);
    return layers.map(({ layer, weights }) => ({ kind, layer, weights, states }));
  });
  const { reservedBytes: reserved } = storage;
  const [ofWeights, states] = [sum(needs, (need) => need.weights), sum(needs, (need) => need.states)];
  const { useFlashAttention } = demand;
  const totalTokens = demand.batch * demand.context;
  const sizes = stepSizes(storage, demand);
  const step = { graph: shortened, sizes, totalTokens, kvCacheDtype, isExact, useFlashAttention };
  const activations = measure(step) ?? activationBytes(graph, sizes, storage, demand);
  const total = reserved + ofWeights + states + activations;
  return { kvCacheDtype, reserved, parts: needs, weights: ofWeights, states, activations, total };
}

function statesBytes(
  states: readonly GraphState[],
  { tile, cacheTile, recurrentCopies }: DeviceStorage,
  { context, batch }: MemoryDemand,
  cacheDtype: Dtype,
): number {
  const tokens = batch * filled(context, cacheTile);
  return sum(states, (state) =>
    state.kind === 'kv_cache'
      ? (state.hasValues ? 2 : 1) *
        bytesOf(state.stored ?? cacheDtype, [tokens, state.numKvHeads, filled(state.headDim, tile)])
      : recurrentCopies * batch * bytesOf('float32', state.shape),
  );
}

/** Of the largest step. */
function stepSizes({ tokensPerStep }: DeviceStorage, { context, batch }: MemoryDemand): StepSizes {
  const tokens = tokensPerStep === null ? powerOfTwo(context) : Math.min(tokensPerStep, context * batch);
  return { N: Math.max(tokens, batch), R: batch };
}

/** What is computed between ops, and the masks of what each token sees. */
function activationBytes(
  graph: Graph,
  sizes: StepSizes,
  { valueDtype, maskDtype, tile, cacheTile }: DeviceStorage,
  { context, batch, precision }: MemoryDemand,
): number {
  const dtype = precision?.activation ?? valueDtype;
  const values = peakOfLiveValues(graph, sizes, (shape) => bytesOf(dtype, tiled(shape, tile)));
  const windows = new Set(
    graph.nodes.flatMap((node) => {
      if (node.op === 'attention') return [`${node.attrs.window} ${node.attrs.chunk}`];
      return node.op === 'select_keys' ? ['selection'] : [];
    }),
  );
  const mask = maskDtype === null ? 0 : bytesOf(maskDtype, [sizes.N, batch * filled(context, cacheTile)]);
  return values + windows.size * mask;
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}

function sum<T>(items: readonly T[], term: (item: T) => number): number {
  return items.reduce((total, item) => total + term(item), 0);
}
