import { CheckpointError } from '@tttv2/spec';
import type { GgufMetadata, GgufScalar, GgufValue } from './gguf-metadata.ts';
import type { FixedType } from './gguf-value-types.ts';
import { utf8 } from './utf8.ts';

/** What a key's value is and where it lies in the header; `count` is null for a single value. */
export interface GgufEntry {
  type: FixedType | 'string';
  count: number | null;
  offset: number;
}

/** Metadata that is decoded from the header when somebody asks: opening a file need not make 100 000 strings. */
export class HeaderMetadata implements GgufMetadata {
  readonly file: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #entries: ReadonlyMap<string, GgufEntry>;

  /** `bytes` begin where the file begins, and hold all that `entries` say. */
  constructor(file: string, bytes: Uint8Array, entries: ReadonlyMap<string, GgufEntry>) {
    this.file = file;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#entries = entries;
  }

  keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  value(key: string): GgufValue {
    const { type, count, offset } = this.#entry(key);
    if (type === 'string') return count === null ? this.#string(key, offset).text : this.#strings(key, offset, count);
    if (count === null) return this.#fixed(key, type, offset);
    return Array.from({ length: count }, (_, i) => this.#fixed(key, type, offset + i * type.bytes));
  }

  string(key: string, fallback?: string): string {
    return this.#typed(key, fallback, 'a string', (value) => typeof value === 'string');
  }

  number(key: string, fallback?: number): number {
    return this.#typed(key, fallback, 'a number', (value) => typeof value === 'number');
  }

  boolean(key: string, fallback?: boolean): boolean {
    return this.#typed(key, fallback, 'a boolean', (value) => typeof value === 'boolean');
  }

  strings(key: string, fallback?: readonly string[]): readonly string[] {
    return this.#typed(key, fallback, 'an array of strings', isStrings);
  }

  numbers(key: string, fallback?: readonly number[]): readonly number[] {
    return this.#typed(key, fallback, 'an array of numbers', isNumbers);
  }

  #typed<T extends GgufValue>(
    key: string,
    fallback: T | undefined,
    expected: string,
    is: (value: GgufValue) => value is T,
  ): T {
    if (fallback !== undefined && !this.has(key)) return fallback;
    const value = this.value(key);
    if (is(value)) return value;
    const found = isArray(value) ? `an array of ${value.length}` : `a ${typeof value}`;
    throw this.#error(`metadata key "${key}" is ${found}, but must be ${expected}`, this.#entry(key).offset);
  }

  #entry(key: string): GgufEntry {
    const entry = this.#entries.get(key);
    if (entry !== undefined) return entry;
    throw this.#error(`has no metadata key "${key}", which is needed: convert the model again`, null);
  }

  #fixed(key: string, type: FixedType, at: number): number | boolean {
    const value = type.read(this.#view, at);
    if (value !== null) return value;
    throw this.#error(`metadata key "${key}" is an integer beyond those that can be kept exactly`, at);
  }

  #strings(key: string, offset: number, count: number): string[] {
    let at = offset;
    return Array.from({ length: count }, () => {
      const { text, end } = this.#string(key, at);
      at = end;
      return text;
    });
  }

  #string(key: string, offset: number): { text: string; end: number } {
    const start = offset + 8;
    const end = start + this.#view.getUint32(offset, true);
    try {
      return { text: utf8.decode(this.#bytes.subarray(start, end)), end };
    } catch (cause) {
      throw this.#error(`metadata key "${key}" is not text in UTF-8: the file is corrupt`, start, cause);
    }
  }

  #error(message: string, offset: number | null, cause?: unknown): CheckpointError {
    return new CheckpointError({ file: this.file, offset, message, cause });
  }
}

function isArray(value: GgufValue): value is readonly GgufScalar[] {
  return Array.isArray(value);
}

function isStrings(value: GgufValue): value is readonly string[] {
  return isArray(value) && value.every((item) => typeof item === 'string');
}

function isNumbers(value: GgufValue): value is readonly number[] {
  return isArray(value) && value.every((item) => typeof item === 'number');
}
