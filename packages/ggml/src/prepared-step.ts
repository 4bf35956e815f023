import type { Step } from '@tttv2/graph';

/** A step with its places in the cache, ready to be written to a native graph. */
export interface PreparedStep {
  tokens: Int32Array;
  positions: Int32Array;
  slot: Int32Array;
  cacheIndex: Int32Array;
  logitRows: Int32Array;
  sequences: Step['sequences'];
  /** The cells of a slot's tokens in order, those of this step included. */
  cellsOf(slot: number): Int32Array;
  /** Cell of each token. */
  cells: Int32Array;
  /** For each sequence, the row of recurrent states that holds its own, and the one for that after the step. */
  stateRows: { from: Int32Array; to: Int32Array };
}
