import { DoesNotFitError } from '@tttv2/spec';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KvCells } from './kv-cells.ts';

const sequences = 3;
const capacity = 10;

/** The cells beside what they should hold: each sequence a list of tokens that were never written before. */
class Pair {
  readonly cells = new KvCells({ cells: 16, capacity, sequences, tokensPerSequence: capacity });
  readonly lists: number[][] = Array.from({ length: sequences }, () => []);
  /** What was written to each cell last. */
  readonly memory: number[] = [];
  #next = 0;

  append(slot: number, count: number): void {
    const held = new Set(this.lists.flat()).size;
    if (held + count > capacity) {
      expect(() => this.cells.append(slot, count)).toThrow(DoesNotFitError);
      return;
    }
    this.cells.append(slot, count);
    for (const cell of this.cells.of(slot).subarray(-count)) {
      this.memory[cell] = this.#next;
      this.lists[slot]?.push(this.#next++);
    }
  }

  truncate(slot: number, length: number): void {
    this.cells.truncate(slot, length);
    this.lists[slot]?.splice(length);
  }

  fork(from: number, to: number, length: number): void {
    this.cells.fork(from, to, length);
    this.lists[to] = this.lists[from]?.slice(0, length) ?? [];
  }

  /** No live token was overwritten, and none is beyond the high water. */
  check(): void {
    this.lists.forEach((list, slot) => {
      expect(this.cells.length(slot)).toBe(list.length);
      expect(Array.from(this.cells.of(slot), (cell) => this.memory[cell])).toEqual(list);
    });
    const live = this.lists.flatMap((_, slot) => [...this.cells.of(slot)]);
    expect(this.cells.highWater()).toBe(Math.max(0, ...live.map((cell) => cell + 1)));
  }
}

const slot = fc.nat(sequences - 1);
const length = fc.nat(capacity);
const change = fc.oneof(
  fc.tuple(slot, fc.integer({ min: 1, max: 5 })).map(
    ([of, count]) =>
      (pair: Pair) =>
        pair.append(of, count),
  ),
  fc.tuple(slot, length).map(
    ([of, to]) =>
      (pair: Pair) =>
        pair.truncate(of, to),
  ),
  fc.tuple(slot, slot, length).map(
    ([from, to, count]) =>
      (pair: Pair) =>
        pair.fork(from, to, count),
  ),
);

test('sequences hold what was appended to them, whatever the others do', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const pair = new Pair();
      for (const apply of changes) {
        apply(pair);
        pair.check();
      }
    }),
    { numRuns: 500 },
  );
});

test('a shared prefix takes its cells once', () => {
  const cells = new KvCells({ cells: 16, capacity: 6, sequences, tokensPerSequence: 6 });
  cells.append(0, 4);
  cells.fork(0, 1, 4);
  cells.append(1, 2);
  expect(() => cells.append(2, 1)).toThrow('room for 6 tokens, but 7');
  cells.truncate(0, 0);
  expect(() => cells.append(2, 1)).toThrow(DoesNotFitError);
  cells.truncate(1, 3);
  cells.append(2, 3);
  expect(cells.highWater()).toBe(6);
});
