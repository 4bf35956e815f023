import { DoesNotFitError } from '@tttv2/spec';
import type { State, StateOptions, Step } from './executable.ts';
import { ReferenceCache } from './reference-cache.ts';

/** The sequences of a reference executable, and a cache for each of its devices. */
export class ReferenceState implements State {
  readonly options: StateOptions;
  readonly caches: readonly ReferenceCache[];
  readonly #lengths: number[];
  readonly #onDispose: () => void;

  constructor(options: StateOptions, devices: number, onDispose: () => void) {
    this.options = options;
    this.caches = Array.from({ length: devices }, () => new ReferenceCache());
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
    for (const cache of this.caches) cache.fork(from, to, length);
    this.#lengths[to] = Math.min(length, this.length(from));
    return true;
  }

  release(slot: number): void {
    this.#lengths[slot] = 0;
  }

  dispose(): void {
    for (const cache of this.caches) cache.clear();
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
}
