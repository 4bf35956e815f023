import fc from 'fast-check';
import { expect, test } from 'vitest';
import { argmax, greedy, Sampler, type Sampling } from './sampling.ts';

const logits = Float32Array.of(0.1, 2, -1, 1.5, 0.7);
const exponentials = [...logits].map(Math.exp);

/** Shares of 20,000 draws. */
function shares(sampling: Partial<Sampling>, seen: number[] = []): number[] {
  const draws = 20_000;
  const sampler = new Sampler({ ...greedy, temperature: 1, seed: 7, ...sampling });
  const counts = [...logits].map(() => 0);
  for (let i = 0; i < draws; i++) {
    const id = sampler.next(logits, seen);
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts.map((count) => count / draws);
}

function normalised(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Five standard deviations of a share of 20,000 draws are below 0.018. */
function expectShares(found: readonly number[], weights: readonly number[]): void {
  normalised(weights).forEach((share, id) => {
    if (share === 0) expect(found[id]).toBe(0);
    else expect(Math.abs((found[id] ?? 0) - share)).toBeLessThan(0.018);
  });
}

test('temperature 0 takes the most likely token, the first of equals', () => {
  expect(new Sampler(greedy).next(logits, [])).toBe(1);
  expect(argmax(Float32Array.of(1, 3, 3))).toBe(1);
});

test('temperature 1 draws by the probabilities', () => {
  expectShares(shares({}), exponentials);
});

test('temperature divides the logits', () => {
  expectShares(
    shares({ temperature: 2 }),
    [...logits].map((logit) => Math.exp(logit / 2)),
  );
});

test('top-k keeps the k most likely tokens', () => {
  expectShares(shares({ topK: 2 }), [0, exponentials[1] ?? 0, 0, exponentials[3] ?? 0, 0]);
});

test('top-p keeps the fewest tokens that reach the probability', () => {
  const [, a = 0, , b = 0] = normalised(exponentials);
  expectShares(shares({ topP: a + b - 0.01 }), [0, a, 0, b, 0]);
  expectShares(shares({ topP: a / 2 }), [0, 1, 0, 0, 0]);
});

test('min-p keeps tokens relative to the most likely one', () => {
  const limit = Math.exp(1.5 - 2) - 0.01;
  expectShares(shares({ minP: limit }), [0, exponentials[1] ?? 0, 0, exponentials[3] ?? 0, 0]);
});

test('a repetition penalty makes seen tokens less likely, whatever the sign of their logit', () => {
  const penalised = [0.1, 2 / 1.3, -1 * 1.3, 1.5, 0.7].map(Math.exp);
  expectShares(shares({ repetitionPenalty: 1.3 }, [1, 2, 2]), penalised);
});

test('the same seed repeats, another does not', () => {
  const draw = (seed: number) => {
    const sampler = new Sampler({ ...greedy, temperature: 1, seed });
    return Array.from({ length: 50 }, () => sampler.next(logits, []));
  };
  expect(draw(3)).toEqual(draw(3));
  expect(draw(3)).not.toEqual(draw(4));
});

test('whatever the settings, a drawn token is one of the vocabulary and the logits stay', () => {
  const settings = fc.record({
    repetitionPenalty: fc.double({ min: 0.5, max: 2, noNaN: true }),
    temperature: fc.double({ min: 0, max: 5, noNaN: true }),
    topK: fc.nat(10),
    topP: fc.double({ min: 0.01, max: 1, noNaN: true }),
    minP: fc.double({ min: 0, max: 1, noNaN: true }),
    seed: fc.integer(),
  });
  const numbers = fc.float32Array({ minLength: 1, maxLength: 40, noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(settings, numbers, (sampling, values) => {
      const before = values.slice();
      const id = new Sampler(sampling).next(values, [0]);
      expect(id).toBeGreaterThanOrEqual(0);
      expect(id).toBeLessThan(values.length);
      expect(values).toEqual(before);
    }),
  );
});

test.each([
  ['temperature', -1],
  ['topK', 1.5],
  ['topP', 0],
  ['minP', 2],
  ['repetitionPenalty', 0],
  ['seed', 0.5],
] as const)('%s of %d is refused by name', (field, value) => {
  expect(() => new Sampler({ ...greedy, [field]: value })).toThrow(`${field}: must be`);
});
