import { expect, test } from 'vitest';
import type { StateRow, StateStore } from '../state-store.ts';
import { floats, floatTensor, type IntTensor } from '../tensor.ts';
import { gatedDelta } from './gated-delta.ts';

function memory(): StateStore {
  const rows: StateRow[] = [];
  return { read: () => rows, write: (_state, _slot, _index, row) => rows.push(row) };
}

/** One head whose keys are directions of the plane, values are single numbers, and queries add up what the state holds. */
function run({ keys, values, dt, rate, beta }: Record<'keys' | 'values' | 'dt' | 'beta', number[]> & { rate: number }) {
  const tokens = values.length;
  const vector = (of: (i: number) => number): IntTensor => ({
    ...{ dtype: 'int32', shape: [tokens], data: Int32Array.from({ length: tokens }, (_, i) => of(i)) },
  });
  const column = (of: number[], shape: number[]) => floatTensor(shape, (i) => of[i] ?? 0);
  const inputs = [
    floatTensor([tokens, 1, 2], () => Math.SQRT2),
    floatTensor([tokens, 1, 2], (i) => (keys[Math.floor(i / 2)] === i % 2 ? 1 : 0)),
    column(values, [tokens, 1, 1]),
    column(dt, [tokens, 1]),
    column([rate], [1]),
    column(beta, [tokens, 1]),
    vector(() => 0),
    vector((i) => i),
  ];
  return [...floats(gatedDelta.evaluate({ state: 's' }, inputs, { sizes: { N: tokens, R: 0 }, state: memory() })).data];
}

const noDecay = { dt: [-100, -100, -100], rate: 0 };

test('a value takes the place of what its key found', () => {
  const found = run({ ...noDecay, keys: [0, 1, 0], values: [5, 7, 3], beta: [1, 1, 1] });
  expect(found).toEqual([5, 12, 10]);
});

test('beta is the share of the way to a new value', () => {
  const found = run({ ...noDecay, keys: [0, 0, 0], values: [8, 4, 100], beta: [0.5, 0.25, 0] });
  expect(found).toEqual([4, 4, 4]);
});

test('the state decays by the time step and the rate of its head', () => {
  // ln(1 + e^0) = ln 2, twice: a quarter is left.
  const found = run({ dt: [0, 0, 0], rate: Math.log(2), keys: [0, 1, 1], values: [16, 0, 0], beta: [1, 1, 1] });
  expect(found.map((value) => Math.round(value * 1e4) / 1e4)).toEqual([16, 4, 1]);
});
