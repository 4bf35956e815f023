import { elementCount, type Graph, type GraphState, type PlannedStep, type StepSizes } from '@tttv2/graph';
import {
  bytesOf,
  type DeviceStorage,
  type Dtype,
  dtypeForRows,
  type KvCacheDtype,
  type Precision,
  type WeightDtype,
} from '@tttv2/spec';
import { groupDtype } from '../passes/precision.ts';
import { storedAs } from '../passes/weight-dtype.ts';
import { inLayer } from './in-layer.ts';
import { peakOfLiveValues } from './live-values.ts';
import type { HeldParameter, Layout, Part } from './model-layout.ts';
import type { ParameterRole } from './parameter-roles.ts';

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

/** How a checkpoint stores a parameter, by its canonical name. */
export type StoredDtype = (parameter: string) => Dtype;

/** What is known of a model's weights. */
export interface KnownWeights {
  stored: StoredDtype;
  /** The type that a matrix is to be held in, where one is chosen for it alone. */
  chosen?(parameter: string): Dtype | null;
  /** Whether a parameter takes no memory when it is held like this. */
  isFree?(parameter: string, held: Dtype): boolean;
}

/** What one device of a layout needs for what is asked of it. */
export function memoryNeed(
  { parts, graph, shortened }: Layout,
  storage: DeviceStorage,
  demand: MemoryDemand,
  weights: KnownWeights,
  measure: MeasureStep,
): MemoryNeed {
  const held = new Holding(storage, demand, weights);
  const exact = isExact(parts, held);
  const kvCacheDtype =
    demand.kvCacheDtype ?? demand.precision?.kv_cache ?? storage.kvCacheDtype[exact ? 'exact' : 'fast'];
  const needs = parts.flatMap((part) => needsOf(part, held, statesBytes(part.states, storage, demand, kvCacheDtype)));
  const { reservedBytes: reserved } = storage;
  const [ofWeights, states] = [sum(needs, (need) => need.weights), sum(needs, (need) => need.states)];
  const { useFlashAttention } = demand;
  const totalTokens = demand.batch * demand.context;
  const sizes = stepSizes(storage, demand);
  const step = { graph: shortened, sizes, totalTokens, kvCacheDtype, isExact: exact, useFlashAttention };
  const activations = measure(step) ?? activationBytes(graph, sizes, storage, demand);
  const total = reserved + ofWeights + states + activations;
  return { kvCacheDtype, reserved, parts: needs, weights: ofWeights, states, activations, total };
}

function needsOf(part: Part, held: Holding, states: number): PartNeed[] {
  const { kind, layers, parameters } = part;
  if (kind !== 'layers') return [{ kind, layer: null, weights: sum(parameters, (one) => held.bytes(one)), states }];
  return layers.map((layer) => ({
    kind,
    layer,
    weights: sum(parameters, ({ name, ...one }) => held.bytes({ ...one, name: inLayer(name, layer) })),
    states,
  }));
}

/** All matrices are float32. */
function isExact(parts: readonly Part[], held: Holding): boolean {
  return parts.every(({ parameters }) =>
    parameters.every((one) => !one.roles.has('matrix') || held.dtype(one, 'matrix') === 'float32'),
  );
}

/** How a device holds parameters. */
class Holding {
  readonly #storage: DeviceStorage;
  readonly #weightDtype: WeightDtype | null;
  readonly #precision: Precision;
  readonly #weights: KnownWeights;

  constructor(storage: DeviceStorage, { weightDtype, precision = {} }: MemoryDemand, weights: KnownWeights) {
    this.#storage = storage;
    this.#weightDtype = weightDtype;
    this.#precision = precision;
    this.#weights = weights;
  }

  /** In each of its roles; a table that is held as matrices are serves as both, but for what products read in a layout of its own. */
  bytes(parameter: HeldParameter): number {
    const isShared = this.#storage.tableDtype === null && parameter.roles.has('matrix');
    const roles = [...parameter.roles].filter((role) => role !== 'table' || !isShared);
    return sum(roles, (role) => {
      const shape = role === 'vector' ? parameter.shape : tiled(parameter.shape, this.#storage.tile);
      const dtype = this.dtype(parameter, role);
      const inLayout = role === 'matrix' ? this.#inLayout(dtype, shape) : null;
      const isFree = this.#weights.isFree?.(parameter.name, dtype) === true;
      const asItIs = isFree || (inLayout !== null && parameter.roles.size === 1) ? 0 : bytesOf(dtype, shape);
      return asItIs + (inLayout ?? 0);
    });
  }

  /** What a matrix takes in a layout for products; null where it has none. */
  #inLayout(dtype: Dtype, shape: readonly number[]): number | null {
    const [columns = 1, rows = 1, ...outer] = shape.toReversed();
    const kind = outer.length === 0 ? 'matrices' : 'experts';
    const layout = this.#storage.productLayouts.findLast(
      (one) => one.dtype === dtype && one.of === kind && rows % one.rows === 0 && columns % one.columns === 0,
    );
    if (layout === undefined) return null;
    return elementCount(shape) * (layout.bytes / (layout.rows * layout.columns));
  }

  dtype({ name, shape }: HeldParameter, role: ParameterRole): Dtype {
    const { vectorDtype, tableDtype, tile } = this.#storage;
    if (role === 'vector') return vectorDtype;
    if (role === 'table' && tableDtype !== null) return tableDtype;
    return dtypeForRows(this.#wanted(name), tiled(shape, tile).at(-1) ?? 1);
  }

  #wanted(parameter: string): Dtype {
    const ofGroup = groupDtype(parameter, this.#precision);
    if (ofGroup !== null) return ofGroup;
    if (this.#weightDtype !== null) return storedAs[this.#weightDtype];
    const { weightDtype } = this.#storage;
    const usual = weightDtype === null ? this.#weights.stored(parameter) : storedAs[weightDtype];
    return this.#weights.chosen?.(parameter) ?? usual;
  }
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

/** The last two dimensions filled up to whole tiles. */
function tiled(shape: readonly number[], tile: number): number[] {
  return shape.map((size, i) => (i < shape.length - 2 ? size : filled(size, tile)));
}

function filled(size: number, to: number): number {
  return Math.ceil(size / to) * to;
}

function sum<T>(items: readonly T[], term: (item: T) => number): number {
  return items.reduce((total, item) => total + term(item), 0);
}
