import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinNeighbours } from './join-neighbours.ts';

/** The same, word for word: look at all pairs, join the best, begin again. */
function joinSlowly(text: string, ranks: ReadonlyMap<string, number>): string[] {
  const symbols = [...text];
  for (;;) {
    const pairs = symbols.slice(1).map((right, left) => ranks.get(`${symbols[left]}${right}`) ?? Infinity);
    const best = Math.min(...pairs);
    if (best === Infinity) return symbols;
    const left = pairs.indexOf(best);
    symbols.splice(left, 2, `${symbols[left]}${symbols[left + 1]}`);
  }
}

test('joins the pair of lowest rank first, and of those the leftmost', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 24 });
  const joined = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 2, maxLength: 5 });
  const ranks = fc.array(fc.tuple(joined, fc.nat(4))).map((entries) => new Map(entries));
  fc.assert(
    fc.property(word, ranks, (text, ranks) => {
      const starts = joinNeighbours(text.length, { rank: (left, _, end) => ranks.get(text.slice(left, end)) });
      expect(starts.map((start, i) => text.slice(start, starts[i + 1]))).toEqual(joinSlowly(text, ranks));
    }),
  );
});
