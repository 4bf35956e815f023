import { expect, test } from 'vitest';
import { ReferenceState } from './reference-state.ts';

/** Adds tokens to a sequence, each with a row of one number. */
function append(state: ReferenceState, slot: number, ...numbers: number[]): void {
  numbers.forEach((number, i) => {
    state.caches[0]?.write('cache', slot, state.length(slot) + i, [Float32Array.of(number)]);
  });
  state.advance({
    tokens: new Int32Array(numbers.length),
    positions: new Int32Array(numbers.length),
    sequences: [{ slot, from: 0, count: numbers.length }],
    want: {},
  });
}

function contents(state: ReferenceState, slot: number): number[] {
  const rows = state.caches[0]?.read('cache', slot) ?? [];
  return rows.slice(0, state.length(slot)).map(([numbers]) => numbers?.[0] ?? Number.NaN);
}

function newState(): ReferenceState {
  return new ReferenceState({ maxSequences: 2, totalTokens: 8, tokensPerSequence: 8 }, 1, () => {});
}

test('a fork takes a prefix, and goes its own way', () => {
  const state = newState();
  append(state, 0, 1, 2, 3);
  state.fork(0, 1, 2);
  append(state, 1, 20);
  append(state, 0, 4);
  expect([contents(state, 0), contents(state, 1)]).toEqual([
    [1, 2, 3, 4],
    [1, 2, 20],
  ]);
});

test('what was truncated or released is written anew', () => {
  const state = newState();
  append(state, 0, 1, 2, 3);
  state.truncate(0, 1);
  append(state, 0, 9);
  expect(contents(state, 0)).toEqual([1, 9]);
  state.release(0);
  append(state, 0, 5);
  expect(contents(state, 0)).toEqual([5]);
});

test('all sequences together have room for the total', () => {
  const state = newState();
  append(state, 0, 1, 2, 3);
  append(state, 1, 1, 2, 3);
  expect(() => state.checkRoom(2)).not.toThrow();
  expect(() => state.checkRoom(3)).toThrow('room for 8 tokens, but 9');
});
