import type { WeightExpr } from './weight-expr.ts';

/** A file of a checkpoint that holds tensors. */
export interface WeightFile {
  /** Bytes in the file. */
  readonly size: number;
  /** Where it lies on this machine, so that a backend can map it; null when it does not lie in a file system. */
  readonly path: string | null;
  /** Reads `length` bytes from `offset`. @throws CheckpointError when the file ends before. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Where each parameter of a model lies, as data. */
export interface WeightSource {
  /** Files by the name that `stored` expressions use. */
  readonly files: ReadonlyMap<string, WeightFile>;
  /** Canonical names of all parameters, e.g. `layers.3.mixer.q.weight`. */
  names(): readonly string[];
  /** How to obtain a parameter. @throws WeightMismatchError when there is no such parameter. */
  describe(name: string): WeightExpr;
  /** Closes the files. Nothing can be read afterwards. */
  close(): Promise<void>;
}
