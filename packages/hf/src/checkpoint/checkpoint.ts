import type { StoredView } from '@tttv2/graph';
import type { OpenFile } from '../files.ts';

/** Open files and the tensors that lie in them. */
export interface Checkpoint {
  /** By the name that tensors give as their `file`. */
  readonly files: ReadonlyMap<string, OpenFile>;
  /** By the name that the checkpoint gives them. */
  readonly tensors: ReadonlyMap<string, StoredView>;
}

export interface HeaderOptions {
  /** The file may be cut after its header: its size says nothing of its tensors. */
  headersOnly?: boolean;
}
