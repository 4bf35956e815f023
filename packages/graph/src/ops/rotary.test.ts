import type { RopeSpec } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { type FloatTensor, floats, floatTensor, type IntTensor } from '../tensor.ts';
import { rotary } from './rotary.ts';

const plain: RopeSpec = { theta: 10000, rotaryDim: 4, layout: 'half', scaling: { kind: 'default' } };

/** Turns heads `[tokens][heads · headDim]`. */
function turn(rope: RopeSpec, x: FloatTensor, positions: number[], slots: number[] = positions.map(() => 0)): number[] {
  const vector = (numbers: number[], shape: number[]): IntTensor => ({
    dtype: 'int32',
    shape,
    data: Int32Array.from(numbers),
  });
  const inputs = [x, vector(positions, [1, positions.length]), vector(slots, [slots.length])];
  const context = { sizes: { N: positions.length, R: 0 }, state: { read: () => [], write: () => {} } };
  return [...floats(rotary.evaluate(rope, inputs, context)).data];
}

function head(...numbers: number[]): FloatTensor {
  return floatTensor([1, 1, numbers.length], (i) => numbers[i] ?? 0);
}

function expectNumbers(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(actual[i]).toBeCloseTo(value, 6);
  });
}

test('turns pair i by position times theta^(-2i/d)', () => {
  const [a, b] = [3, 3 * 0.01];
  expectNumbers(turn(plain, head(1, 1, 0, 0), [3]), [Math.cos(a), Math.cos(b), Math.sin(a), Math.sin(b)]);
  expectNumbers(turn({ ...plain, layout: 'interleaved' }, head(1, 0, 1, 0), [3]), [
    ...[Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)],
  ]);
});

test('leaves what is beyond the rotary dimension as it is', () => {
  const [, , ...rest] = turn({ ...plain, rotaryDim: 2 }, head(1, 0, 5, 6, 7), [2]);
  expect(rest).toEqual([5, 6, 7]);
});

test('makes products of queries and keys depend on their distance alone', () => {
  const [q, k] = [head(0.3, -1, 2, 0.5), head(1, 0.2, -0.7, 0.9)];
  const product = (at: number, other: number) => {
    const key = turn(plain, k, [other]);
    return turn(plain, q, [at]).reduce((sum, value, i) => sum + value * (key[i] ?? 0), 0);
  };
  expect(product(7, 4)).toBeCloseTo(product(103, 100), 4);
  expect(product(7, 4)).not.toBeCloseTo(product(7, 5), 2);
});

test('tells sequences apart where frequencies depend on their length', () => {
  const rope: RopeSpec = { ...plain, scaling: { kind: 'dynamic', factor: 4, originalMaxSeqLen: 4 } };
  const both = floatTensor([3, 1, 4], () => 1);
  const [short, long] = [turn(rope, head(1, 1, 1, 1), [1]), turn(rope, head(1, 1, 1, 1), [9])];
  // Slot 1 is at position 9: its length changes its own frequencies, not those of slot 0.
  const mixed = turn(rope, both, [1, 9, 1], [0, 1, 1]);
  expectNumbers(mixed.slice(0, 4), short);
  expectNumbers(mixed.slice(4, 8), long);
  expect(mixed.slice(8)).not.toEqual(mixed.slice(0, 4));
});

test('multiplies by the attention factor', () => {
  const scaling = { kind: 'factors', factors: [1, 1], attentionFactor: 1.5 } satisfies RopeSpec['scaling'];
  expectNumbers(turn({ ...plain, scaling }, head(1, 2, 3, 4), [0]), [1.5, 3, 4.5, 6]);
});
