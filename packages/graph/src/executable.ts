import type { HardwareConfig } from '@tttv2/spec';
import type { FloatTensor } from './tensor.ts';

/** Tokens of one sequence in a step: `tokens[from … from + count)`. */
export interface SequenceSlice {
  /** The sequence's place in the state, 0 … maxSequences - 1. */
  slot: number;
  from: number;
  count: number;
}

/** One run of the graph over `N` tokens, of one sequence or many. */
export interface Step {
  /** Token ids, `[N]`. */
  tokens: Int32Array;
  /** Positions, `[P, N]`: they feed position embeddings alone; the order in the cache is that of arrival. */
  positions: Int32Array;
  /** Cover the tokens in order, without gaps. A slot may appear once. */
  sequences: readonly SequenceSlice[];
  want: {
    /** Rows (of the `N` tokens) whose logits are wanted; none by default. */
    logits?: Int32Array;
    /** Scopes whose output is wanted, e.g. `layers.3`. */
    taps?: readonly string[];
  };
}

/**
 * How results come about. `device`: computed where the program is meant to run. `reference`: computed by the definitions
 * of the ops, elsewhere. `acceptance`: the step was checked but not computed, and all numbers are zeros.
 */
export type ExecutionMode = 'device' | 'reference' | 'acceptance';

/** Valid until the same state runs again: copy what must stay. */
export interface StepResult {
  mode: ExecutionMode;
  /** `[R, V]`; null when no rows are wanted. */
  logits: FloatTensor | null;
  /** By scope. */
  taps: Readonly<Record<string, FloatTensor>>;
}

/** What sequences have computed so far. */
export interface State {
  /** Tokens in the cache of a slot. */
  length(slot: number): number;
  /** Drops what is beyond `length`. False when the device cannot: recompute. */
  truncate(slot: number, length: number): boolean;
  /** Makes slot `to` a copy of the first `length` tokens of `from`. False when the device cannot. */
  fork(from: number, to: number, length: number): boolean;
  /** Empties a slot. */
  release(slot: number): void;
  dispose(): void;
}

export interface StateOptions {
  maxSequences: number;
  /** Tokens of all sequences together. */
  totalTokens: number;
  /** Tokens of the longest sequence. */
  tokensPerSequence: number;
}

export interface ExecutableLimits {
  /** null: no limit but memory. */
  maxSequences: number | null;
  maxTokensPerStep: number;
  /** Prefill and decode of different sequences may share a step. */
  mixedPhases: boolean;
  /** What the device can choose tokens by itself; the runtime samples the rest from logits. */
  sampling: readonly ('greedy' | 'top-k')[];
  /** How far `truncate` reaches. */
  rollback: 'any' | 'window' | 'snapshot';
}

/** Bytes, by what they are for, on all devices together. */
export interface MemoryReport {
  /** Weights that are views of mapped files: shared, and reclaimable by the system. */
  mappedWeights: number;
  /** Weights that were copied or converted. */
  ownWeights: number;
  states: number;
  /** Activations and step inputs. */
  compute: number;
}

/** A program on a device, ready to run. */
export interface Executable {
  /** That of all its results. */
  readonly mode: ExecutionMode;
  readonly limits: ExecutableLimits;
  /** Axes of a position, `P`: a step brings `[P, N]`. */
  readonly positionAxes: number;
  /** The settings in force: every field that the backend resolved is set. */
  readonly hardware: HardwareConfig;
  /** @throws DoesNotFitError */
  createState(options: StateOptions): State;
  /**
   * Runs one step and adds its tokens to the state. A step that fails or is aborted leaves the state as it was.
   * @throws RequestError for a step that contradicts itself or names tokens that do not exist.
   * @throws DoesNotFitError when the state has no room.
   * @throws the signal's reason when aborted.
   */
  run(state: State, step: Step, options?: { signal?: AbortSignal }): Promise<StepResult>;
  memory(): MemoryReport;
  /** Frees everything; states of this executable become unusable. */
  dispose(): Promise<void>;
}
