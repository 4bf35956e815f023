/** A model that is in the cache now. */
export interface Pulled {
  name: string;
  /** The file, or the folder of its files. */
  path: string;
  bytes: number;
  /** Name of the source; `cache` when it was there already. */
  from: string;
}
