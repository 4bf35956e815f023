import { expect, test } from 'vitest';
import { chiSquare, chiSquareTail } from './chi-square.ts';

test.each([
  // Tables of critical values.
  [3.841, 1, 0.05],
  [18.307, 10, 0.05],
  [29.588, 10, 0.001],
  [124.342, 100, 0.05],
  [1074.679, 1000, 0.05],
  // e^(-x/2) for two degrees.
  [40, 2, Math.exp(-20)],
  [0.5, 2, Math.exp(-0.25)],
])('%d or more of %d degrees of freedom has probability %d', (x, freedom, probability) => {
  expect(chiSquareTail(x, freedom) / probability).toBeCloseTo(1, 3);
});

test('counts as expected are probable, uneven and impossible ones are not', () => {
  const halves = [0.5, 0.5, 0];
  expect(chiSquare([500, 500, 0], halves)).toBeCloseTo(1);
  expect(chiSquare([550, 450, 0], halves)).toBeCloseTo(0.00157, 4);
  expect(chiSquare([500, 500, 1], halves)).toBe(0);
});
