import { expect, test } from 'vitest';
import { maxAbsError } from './max-abs-error.ts';
import { pcc } from './pcc.ts';

const numbers = Float32Array.of(1, -2, 3, 0.5, 7);

test('correlation forgives scale and offset, not order', () => {
  expect(
    pcc(
      numbers.map((value) => 3 * value - 4),
      numbers,
    ),
  ).toBeCloseTo(1, 12);
  expect(
    pcc(
      numbers.map((value) => -value),
      numbers,
    ),
  ).toBeCloseTo(-1, 12);
  expect(pcc(numbers.toReversed(), numbers)).toBeLessThan(0.5);
  expect(pcc(new Float32Array(5), numbers)).toBeNaN();
});

test('the largest difference', () => {
  expect(maxAbsError(Float32Array.of(1, -2, 3.5, 0.5, 6), numbers)).toBe(1);
  expect(maxAbsError(Float32Array.of(1, -2, Number.NaN, 0.5, 7), numbers)).toBeNaN();
});

test('numbers without a partner are no comparison', () => {
  expect(() => pcc(numbers.subarray(1), numbers)).toThrow('4 numbers with 5');
  expect(() => maxAbsError(numbers, numbers.subarray(1))).toThrow('5 numbers with 4');
});
