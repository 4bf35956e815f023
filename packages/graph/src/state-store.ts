/** What a stateful op may keep between steps: rows of numbers by state, slot and place in the cache. */
export interface StateStore {
  write(state: string, slot: number, index: number, key: Float32Array, value: Float32Array): void;
  /** Keys and values of a slot, in order of their cache index. */
  read(state: string, slot: number): readonly { key: Float32Array; value: Float32Array }[];
}
