import type { State, StateOptions } from '@tttv2/graph';
import { DoesNotFitError } from '@tttv2/spec';
import type { Room } from './specialize.ts';

/** A copy of a user's cache that is to be made before the next step. */
export interface Fork {
  from: number;
  to: number;
  length: number;
}

/** How far the sequences of each user have come; what lies beyond in their caches is never read. */
export class TtState implements State {
  readonly options: StateOptions;
  readonly room: Room;
  readonly #lengths: number[];
  readonly #onDispose: () => void;
  #forks: Fork[] = [];

  constructor(options: StateOptions, room: Room, onDispose: () => void) {
    this.options = options;
    this.room = room;
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
    const copied = Math.min(length, this.length(from));
    this.#forks.push({ from, to, length: copied });
    this.#lengths[to] = copied;
    return true;
  }

  release(slot: number): void {
    this.#lengths[slot] = 0;
  }

  dispose(): void {
    this.#onDispose();
  }

  /** The copies that were asked for since the last time. */
  takeForks(): Fork[] {
    const forks = this.#forks.filter(({ from, to, length }) => from !== to && length > 0);
    this.#forks = [];
    return forks;
  }

  /** @throws DoesNotFitError when `count` more tokens exceed the total. */
  checkRoom(count: number): void {
    const wanted = this.#lengths.reduce((sum, length) => sum + length, count);
    const available = this.options.totalTokens;
    if (wanted <= available) return;
    const message = `the cache has room for ${available} tokens, but ${wanted} are wanted`;
    throw new DoesNotFitError({ message, wanted, available, unit: 'tokens' });
  }

  advance(sequences: readonly { slot: number; count: number }[]): void {
    for (const { slot, count } of sequences) this.#lengths[slot] = this.length(slot) + count;
  }
}
