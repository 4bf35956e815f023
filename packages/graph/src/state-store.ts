/** What a token leaves in a state: a key and a value, or all there is after it. */
export type StateRow = readonly Float32Array[];

/** What a stateful op may keep between steps: for each state and slot, a row a token. */
export interface StateStore {
  write(state: string, slot: number, index: number, row: StateRow): void;
  /** The rows of a slot, in order of their cache index. */
  read(state: string, slot: number): readonly StateRow[];
}
