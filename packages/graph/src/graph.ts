import type { Dtype } from '@tttv2/spec';
import type { AttrsOf, OpName } from './ops/index.ts';
import type { ValueType } from './value-type.ts';

/** One op applied to values. */
export type NodeOf<Name extends OpName> = {
  [K in Name]: {
    /** Name of the result, `%0`, `%1`, … */
    id: string;
    op: K;
    attrs: AttrsOf<K>;
    /** Names of step inputs, parameters, or earlier nodes. */
    inputs: string[];
    /** Where in the model, e.g. `layers.3/mixer/q`. */
    scope: string;
    type: ValueType;
  };
}[Name];
export type Node = NodeOf<OpName>;

/** What a step brings; see `Step`. */
export const stepInputs = {
  tokens: { dtype: 'int32', shape: ['N'] },
  positions: { dtype: 'int32', shape: [1, 'N'] },
  slot: { dtype: 'int32', shape: ['N'] },
  cacheIndex: { dtype: 'int32', shape: ['N'] },
  logitRows: { dtype: 'int32', shape: ['R'] },
} satisfies Record<string, ValueType>;
export type StepInput = keyof typeof stepInputs;

/** A weight: computed with as float32, whatever its storage. */
export interface Parameter {
  /** Row-major, without symbolic dimensions. */
  shape: number[];
  /** How it is to be stored on the device; null: as the checkpoint has it. */
  stored: Dtype | null;
}

/** Keys and values of the tokens of all sequences: `[tokens, numKvHeads, headDim]` each. */
export interface KvCache {
  kind: 'kv_cache';
  numKvHeads: number;
  headDim: number;
  /** How it is to be stored; null: as the backend chooses. */
  stored: Dtype | null;
}

/** A typed program in single-assignment form: plain data. */
export interface Graph {
  opset: number;
  name: string;
  /** Step inputs that the graph reads. */
  inputs: StepInput[];
  /** By canonical name, e.g. `layers.3.mixer.q.weight`. */
  parameters: Record<string, Parameter>;
  states: Record<string, KvCache>;
  nodes: Node[];
  /** Names of values by what they are for. A model has `logits` `[R, V]`. */
  outputs: Record<string, string>;
}
