import type { Dtype } from '@tttv2/spec';
import { type AttrsOf, type CollectiveName, collectiveTable, type OpName } from './ops/index.ts';
import type { Sharding } from './sharding.ts';
import type { Dim, ValueType } from './value-type.ts';

/** One op applied to values. */
export type NodeOf<Name extends OpName> = {
  [K in Name]: {
    /** Name of the result, `%0`, `%1`, … */
    id: string;
    op: K;
    attrs: AttrsOf<K>;
    /** Names of step inputs, received values, parameters, or earlier nodes. */
    inputs: string[];
    /** Where in the model, e.g. `layers.3/mixer/q`. */
    scope: string;
    type: ValueType;
  };
}[Name];
export type Node = NodeOf<OpName>;

export function isCollective(node: Node): node is NodeOf<CollectiveName> {
  return Object.hasOwn(collectiveTable, node.op);
}

export const stepInputs = ['tokens', 'positions', 'slot', 'cacheIndex', 'logitRows'] as const;
export type StepInput = (typeof stepInputs)[number];

/** Type of what a step brings; see `Step`. */
export function stepInputType(input: StepInput, { positionAxes }: Pick<Graph, 'positionAxes'>): ValueType {
  const shapes: Record<StepInput, Dim[]> = {
    tokens: ['N'],
    positions: [positionAxes, 'N'],
    slot: ['N'],
    cacheIndex: ['N'],
    logitRows: ['R'],
  };
  return { dtype: 'int32', shape: shapes[input] };
}

/** Rows of a tensor in blocks of `block`, each of them there `times` times, one after the other. */
export interface Repeat {
  block: number;
  times: number;
}

/** Every number is multiplied by `scale`, then `offset` is added. */
export interface Affine {
  scale: number;
  offset: number;
}

/** What a device holds of a canonical parameter. */
export interface ParameterForm {
  /** Row-major, without symbolic dimensions. */
  shape: number[];
  /** How the whole lies on the mesh; null: the same on every device. */
  sharding: Sharding | null;
  /** The canonical parameter that it is made of, for one that is needed in several forms; null: that of its own name. */
  from: string | null;
  /** How rows of the canonical parameter are repeated in the whole, for as many parts as there are devices; null: they are not. */
  repeat: Repeat | null;
  /** What becomes of the numbers of the canonical parameter; null: they stay, and their storage with them. */
  affine: Affine | null;
}

/** A weight: computed with as float32, whatever its storage. */
export interface Parameter extends ParameterForm {
  /** How it is to be stored on the device; null: as the checkpoint has it. */
  stored: Dtype | null;
  /** Those whose rows it has, one after the other; null: it is one. */
  parts: (ParameterForm & { from: string })[] | null;
}

/** Keys and values of the tokens of all sequences, or keys alone: `[tokens, numKvHeads, headDim]` each, on a device. */
export interface KvCache {
  kind: 'kv_cache';
  numKvHeads: number;
  headDim: number;
  /** False for keys that are only compared with (`select_keys`). */
  hasValues: boolean;
  /** How it is to be stored; null: as the backend chooses. */
  stored: Dtype | null;
  /** How the KV heads (axis 1) lie on the mesh, without a rest; null: each device has all of them. */
  sharding: Sharding | null;
}

/** Numbers that every token of a sequence changes, zeros before the first: of each sequence, float32, on a device. */
export interface RecurrentState {
  kind: 'recurrent';
  shape: number[];
}

export type GraphState = KvCache | RecurrentState;

/** The KV caches among the states of a graph. */
export function kvCachesOf({ states }: Pick<Graph, 'states'>): [name: string, cache: KvCache][] {
  return Object.entries(states).flatMap(([name, state]) => (state.kind === 'kv_cache' ? [[name, state]] : []));
}

/** A state as it is declared: not cut, and with values, where nothing is said. */
export type StateDeclaration =
  | RecurrentState
  | (Omit<KvCache, 'sharding' | 'hasValues'> & Partial<Pick<KvCache, 'sharding' | 'hasValues'>>);

/**
 * A typed program in single-assignment form: plain data. On a mesh every device runs the same graph on its own parameters
 * and states, and all shapes are those of one device.
 */
export interface Graph {
  opset: number;
  name: string;
  /** Axes of a position, `P`: the step input `positions` is `[P, N]`. */
  positionAxes: 1 | 3;
  /** Step inputs that the graph reads. */
  inputs: StepInput[];
  /** What an earlier stage of a program gives as outputs of the same names; see `Program`. */
  received: Record<string, ValueType>;
  /** By canonical name, e.g. `layers.3.mixer.q.weight`. */
  parameters: Record<string, Parameter>;
  states: Record<string, GraphState>;
  nodes: Node[];
  /** Names of values by what they are for. A model has `logits` `[R, V]`; others go to later stages. */
  outputs: Record<string, string>;
}
