import { floatTensor } from '@tttv2/graph';
import { expect, test } from 'vitest';
import { expectClose } from './expect-close.ts';

const expected = floatTensor([2, 3], (i) => [0, 1, -2, 1000, Number.POSITIVE_INFINITY, Number.NaN][i] ?? 0);
const changed = (index: number, value: number) =>
  floatTensor([2, 3], (i) => (i === index ? value : (expected.data[i] ?? 0)));

test('a tolerance is absolute for small numbers and relative for large ones', () => {
  expectClose(changed(0, 0.9e-3), expected, 1e-3);
  expectClose(changed(3, 1000.9), expected, 1e-3);
  expect(() => expectClose(changed(0, 1.1e-3), expected, 1e-3)).toThrow();
  expect(() => expectClose(changed(3, 1001.1), expected, 1e-3)).toThrow();
});

test('infinities and NaN must be where they are expected, and nowhere else', () => {
  expectClose(expected, expected, 0);
  for (const [index, value] of [
    [4, Number.NEGATIVE_INFINITY],
    [4, 3e38],
    [5, 0],
    [0, Number.NaN],
    [1, Number.POSITIVE_INFINITY],
  ] as const)
    expect(() => expectClose(changed(index, value), expected, 1)).toThrow();
});

test('says where the worst is, by how much, and how many are wrong', () => {
  const actual = floatTensor([2, 3], (i) => [0.5, 1, -2, 400, Number.POSITIVE_INFINITY, Number.NaN][i] ?? 0);
  expect(() => expectClose(actual, expected, 0.1, 'logits')).toThrow(
    'logits[1, 0] is 400, expected 1000: 6.0e-1 apart, tolerance 0.1; so are 2 of 6 numbers',
  );
});

test('shapes must agree', () => {
  expect(() =>
    expectClose(
      floatTensor([3, 2], () => 0),
      expected,
      1,
      'y',
    ),
  ).toThrow('y is [3, 2] of 6 numbers, expected [2, 3]');
});
