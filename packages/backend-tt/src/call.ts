import type { Phase } from './phase.ts';

/** An array that goes to the device with a call. */
export interface CallArray {
  dtype: 'float32' | 'int32';
  shape: readonly number[];
  data: Float32Array | Int32Array;
}

/** One run of the program: the part of a step that fits one phase, padded. */
export interface Call {
  phase: Phase;
  /** Whose prompt it is. */
  user: number | null;
  arrays: Readonly<Record<string, CallArray>>;
  /** For each row of the call the token of the step; −1 for padding. */
  tokens: Int32Array;
  /** Which row of its logits is the one that `want.logits` names at an index; indexes of other calls are absent. */
  logits: ReadonlyMap<number, number>;
}
