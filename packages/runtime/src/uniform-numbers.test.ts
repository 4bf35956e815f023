import { expect, test } from 'vitest';
import { chiSquare } from './testing/chi-square.ts';
import { uniformNumbers } from './uniform-numbers.ts';

test('numbers are those of SplitMix64', () => {
  // The first outputs for this seed, as published at rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64.
  const published = [6457827717110365317n, 3203168211198807973n, 9817491932198370423n, 4593380528125082431n];
  const next = uniformNumbers(1234567);
  for (const number of published) expect(next()).toBe(Number(number >> 11n) / 2 ** 53);
});

test('they are uniform, also the first ones of seeds that follow each other', () => {
  const next = uniformNumbers(0);
  const shares = Array.from({ length: 100 }, () => 0.01);
  const spread = (number: (i: number) => number) => {
    const counts = shares.map(() => 0);
    for (let i = 0; i < 20_000; i++) {
      const cell = Math.floor(number(i) * 100);
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
    return chiSquare(counts, shares);
  };
  expect(spread(next)).toBeGreaterThan(1e-4);
  expect(spread((seed) => uniformNumbers(seed)())).toBeGreaterThan(1e-4);
});
