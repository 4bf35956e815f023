import { expect, test } from 'vitest';
import { randomWeights } from './random-weights.ts';

test('the numbers are those that Python makes from the same description', () => {
  const numbers = randomWeights({ seed: 42, stream: 'layers.0.mixer.q.weight', mean: 0, std: 1, count: 5 });
  expect([...numbers]).toEqual([
    1.1050299406051636, -0.6233223080635071, -1.7406225204467773, 1.0622446537017822, -0.7081839442253113,
  ]);
  const far = randomWeights({ seed: 4294967295, stream: 'é', mean: 1, std: 0.5, count: 1000001 });
  expect(far.at(-1)).toBe(0.819520115852356);
});

test('they are normal, and streams and seeds have nothing in common', () => {
  const count = 100000;
  const a = randomWeights({ seed: 1, stream: 'a', mean: 0, std: 1, count });
  const b = randomWeights({ seed: 1, stream: 'b', mean: 0, std: 1, count });
  const c = randomWeights({ seed: 2, stream: 'a', mean: 0, std: 1, count });
  const average = (of: (x: number, i: number) => number) => a.reduce((sum, x, i) => sum + of(x, i), 0) / count;
  expect(average((x) => x)).toBeCloseTo(0, 1);
  expect(average((x) => x * x)).toBeCloseTo(1, 1);
  expect(average((x) => x ** 4)).toBeCloseTo(3, 0);
  expect(average((x, i) => x * (b[i] ?? 0))).toBeCloseTo(0, 1);
  expect(average((x, i) => x * (c[i] ?? 0))).toBeCloseTo(0, 1);
  expect(average((x, i) => x * (a[i + 1] ?? 0))).toBeCloseTo(0, 1);
});
