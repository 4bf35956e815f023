import { expect, test } from 'vitest';
import { fuzzInChild } from './testing/fuzz-in-child.ts';

test('random graphs run, and in float32 give what the reference gives', { timeout: 60_000 }, async () => {
  const outcomes: unknown = JSON.parse(await fuzzInChild(0, 100));
  expect(outcomes).toEqual({ compared: expect.any(Number), ran: expect.any(Number), refused: expect.any(Number) });
  const { compared, refused } = Object(outcomes);
  // So that the test means something: of the 50 float32 graphs most must be fit for comparison.
  expect(compared).toBeGreaterThan(30);
  expect(refused).toBeLessThan(14);
});
