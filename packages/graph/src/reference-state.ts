import { DoesNotFitError } from '@tttv2/spec';
import type { State, StateOptions, Step } from './executable.ts';
import type { StateStore } from './state-store.ts';

type Row = { key: Float32Array; value: Float32Array };

/** Keys and values of every sequence in plain arrays. */
export class ReferenceState implements State, StateStore {
  readonly options: StateOptions;
  readonly #rows = new Map<string, Row[]>();
  readonly #lengths: number[];
  readonly #onDispose: () => void;

  constructor(options: StateOptions, onDispose: () => void) {
    this.options = options;
    this.#onDispose = onDispose;
    this.#lengths = Array.from({ length: options.maxSequences }, () => 0);
  }

  length(slot: number): number {
    return this.#lengths[slot] ?? 0;
  }

  truncate(slot: number, length: number): boolean {
    this.#lengths[slot] = Math.min(length, this.length(slot));
    return true;
  }

  fork(from: number, to: number, length: number): boolean {
    for (const [key, rows] of this.#rows) {
      const [state, slot] = parseKey(key);
      if (slot === from) this.#rows.set(rowsKey(state, to), rows.slice(0, length));
    }
    this.#lengths[to] = Math.min(length, this.length(from));
    return true;
  }

  release(slot: number): void {
    this.#lengths[slot] = 0;
  }

  dispose(): void {
    this.#rows.clear();
    this.#onDispose();
  }

  /** @throws DoesNotFitError when `count` more tokens exceed the total. */
  checkRoom(count: number): void {
    const wanted = this.#lengths.reduce((sum, length) => sum + length, count);
    const available = this.options.totalTokens;
    if (wanted <= available) return;
    throw new DoesNotFitError({
      message: `the cache has room for ${available} tokens, but ${wanted} are wanted`,
      wanted,
      available,
      unit: 'tokens',
    });
  }

  advance({ sequences }: Step): void {
    for (const { slot, count } of sequences) this.#lengths[slot] = this.length(slot) + count;
  }

  write(state: string, slot: number, index: number, key: Float32Array, value: Float32Array): void {
    const rows = this.#rows.get(rowsKey(state, slot)) ?? [];
    rows[index] = { key, value };
    this.#rows.set(rowsKey(state, slot), rows);
  }

  read(state: string, slot: number): readonly Row[] {
    return this.#rows.get(rowsKey(state, slot)) ?? [];
  }
}

function rowsKey(state: string, slot: number): string {
  return `${slot} ${state}`;
}

function parseKey(key: string): [string, number] {
  const space = key.indexOf(' ');
  return [key.slice(space + 1), Number(key.slice(0, space))];
}
