import { expect, test } from 'vitest';
import { alibiSlopes } from './alibi-slopes.ts';

test('a power of two halves from head to head, or by the root of it', () => {
  expect(alibiSlopes(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((i) => 2 ** -i));
  expect(alibiSlopes(4, 4)).toEqual([1 / 2, 1 / 4, 1 / 8, 1 / 16]);
  expect(alibiSlopes(16)[1]).toBe(0.5);
});

test('what is none takes every second of the power above', () => {
  expect(alibiSlopes(6)).toEqual([...alibiSlopes(4), alibiSlopes(8)[0], alibiSlopes(8)[2]]);
});
