/** A place that a file can be had from. */
export interface Source {
  /** For people: `the hub`. */
  name: string;
  /** The file's bytes, piece by piece. Throws when they cannot be had. */
  read(signal: AbortSignal): AsyncIterable<Uint8Array>;
}
