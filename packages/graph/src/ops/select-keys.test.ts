import { expect, test } from 'vitest';
import type { StateRow, StateStore } from '../state-store.ts';
import { floatTensor, type IntTensor } from '../tensor.ts';
import { selectKeys } from './select-keys.ts';

function memory(): StateStore {
  const rows: StateRow[] = [];
  return { read: () => rows, write: (_state, _slot, index, row) => rows.splice(index, 1, row) };
}

/** Heads look along the two directions of a plane; a weight for each head. */
function select(keys: number[][], weights: [number, number], topK: number): number[][] {
  const tokens = keys.length;
  const vector = (of: (i: number) => number): IntTensor => ({
    ...{ dtype: 'int32', shape: [tokens], data: Int32Array.from({ length: tokens }, (_, i) => of(i)) },
  });
  const inputs = [
    floatTensor([tokens, 2, 2], (i) => [1, 0, 0, 1][i % 4] ?? 0),
    floatTensor([tokens, 2], (i) => keys.flat()[i] ?? 0),
    floatTensor([tokens, 2], (i) => weights[i % 2] ?? 0),
    vector(() => 0),
    vector((i) => i),
  ];
  const { data } = selectKeys.evaluate({ state: 's', topK }, inputs, { sizes: { N: tokens, R: 0 }, state: memory() });
  return keys.map((_, t) => [...data.subarray(t * topK, (t + 1) * topK)]);
}

test('the largest sums of weighted products are selected, of those up to the token itself', () => {
  const keys = [
    [1, 0],
    [5, 0],
    [0, 3],
  ];
  expect(select(keys, [1, 1], 1)).toEqual([[0], [1], [1]]);
  expect(select(keys, [1, 2], 2)).toEqual([
    [0, -1],
    [1, 0],
    [2, 1],
  ]);
});

test('products below zero count as none, whatever their weight', () => {
  const keys = [
    [-9, 1],
    [2, 0],
  ];
  expect(select(keys, [-1, 1], 1)).toEqual([[0], [0]]);
  expect(select(keys, [1, 0], 1)).toEqual([[0], [1]]);
});
