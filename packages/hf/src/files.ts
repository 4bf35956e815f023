import type { WeightFile } from '@tttv2/graph';

/** A file that was opened, and is to be closed. */
export interface OpenFile extends WeightFile {
  close(): Promise<void>;
}

/** Where a model's files come from: a folder, one file, the hub. Paths are relative and use `/`. */
export interface ModelFiles {
  /** For people: what the model is called there. */
  readonly name: string;
  has(path: string): Promise<boolean>;
  /** Paths of all files. */
  list(): Promise<readonly string[]>;
  /** Opens a file for reading pieces of it. @throws CheckpointError when it is not there or cannot be read. */
  open(path: string): Promise<OpenFile>;
  /** A whole text. @throws CheckpointError when it is not there, is longer than `maxTextBytes` or is not UTF-8. */
  readText(path: string): Promise<string>;
}
