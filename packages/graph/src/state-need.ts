/** What an op wants of the state that it reads and writes: what a graph declares, but for where and how it is stored. */
export type StateNeed =
  | { kind: 'kv_cache'; numKvHeads: number; headDim: number; hasValues: boolean }
  | { kind: 'recurrent'; shape: number[] };
