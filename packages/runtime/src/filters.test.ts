import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keepMinP, keepTopK, keepTopP } from './filters.ts';

/** Small integers, so that many are equal and sums are exact. */
const weights = fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 60 });
const probability = fc.double({ min: 0, minExcluded: true, max: 1, noNaN: true });

type Filter = (numbers: Float64Array, by: number) => void;

/** Ids that a filter leaves. */
function kept(filter: Filter, numbers: readonly number[], by: number): number[] {
  const removed = filter === keepTopK ? Number.NEGATIVE_INFINITY : 0;
  const left = Float64Array.from(numbers);
  filter(left, by);
  return [...left.keys()].filter((id) => left[id] !== removed);
}

/** Ids, the largest number first, of equals the lowest id. */
function ranked(numbers: readonly number[]): number[] {
  return [...numbers.keys()].sort((a, b) => (numbers[b] ?? 0) - (numbers[a] ?? 0) || a - b);
}

function ascending(ids: readonly number[]): number[] {
  return ids.toSorted((a, b) => a - b);
}

test('top-k keeps k, or all: those that a sort puts first', () => {
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 70 }), (logits, k) => {
      expect(kept(keepTopK, logits, k)).toEqual(ascending(ranked(logits).slice(0, k)));
    }),
  );
});

test('top-p keeps as few as reach p: those that a sort puts first', () => {
  fc.assert(
    fc.property(weights, probability, (numbers, p) => {
      const ids = kept(keepTopP, numbers, p);
      const wanted = p * numbers.reduce((a, b) => a + b);
      const reach = (count: number) =>
        ranked(numbers)
          .slice(0, count)
          .reduce((sum, id) => sum + (numbers[id] ?? 0), 0);
      expect(ids).toEqual(ascending(ranked(numbers).slice(0, ids.length)));
      expect(reach(ids.length)).toBeGreaterThanOrEqual(wanted);
      expect(reach(ids.length - 1)).toBeLessThan(wanted);
    }),
  );
});

test('a larger p keeps all that a smaller one does', () => {
  fc.assert(
    fc.property(fc.array(probability), probability, probability, (others, p, q) => {
      // As the sampler has it: the largest is 1.
      const numbers = [...others, 1];
      const [fewer, more] = [kept(keepTopP, numbers, Math.min(p, q)), kept(keepTopP, numbers, Math.max(p, q))];
      expect(more).toEqual(expect.arrayContaining(fewer));
      expect(fewer.length).toBeGreaterThan(0);
    }),
  );
});

test('min-p keeps what is at least that part of the largest', () => {
  fc.assert(
    fc.property(weights, probability, (numbers, p) => {
      const relative = numbers.map((number) => number / Math.max(...numbers));
      expect(kept(keepMinP, relative, p)).toEqual([...relative.keys()].filter((id) => (relative[id] ?? 0) >= p));
    }),
  );
});
