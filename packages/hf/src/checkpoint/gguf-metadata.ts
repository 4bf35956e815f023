export type GgufScalar = string | number | boolean;
export type GgufValue = GgufScalar | readonly GgufScalar[];

/**
 * The keys and values at the head of a GGUF file. A getter with a `fallback` returns it when the key is not there; without,
 * a missing key is an error. Integers beyond 2^53 are errors, too.
 * @throws CheckpointError that names the file and the key when it is missing or its value is of another type.
 */
export interface GgufMetadata {
  /** The file as it was named to us. */
  readonly file: string;
  keys(): readonly string[];
  has(key: string): boolean;
  /** A value of whatever type it has. */
  value(key: string): GgufValue;
  string(key: string, fallback?: string): string;
  /** Any integer or floating-point type. */
  number(key: string, fallback?: number): number;
  boolean(key: string, fallback?: boolean): boolean;
  strings(key: string, fallback?: readonly string[]): readonly string[];
  numbers(key: string, fallback?: readonly number[]): readonly number[];
}
