import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attentionTiles } from './attention.ts';

test('tiles cover all tokens in order, and their scores stay below the limit', () => {
  const size = fc.integer({ min: 1, max: 1024 });
  fc.assert(
    fc.property(size, size, size, (tokens, heads, pages) => {
      const tiles = attentionTiles(tokens, heads, 256 * pages);
      let next = 0;
      for (const { from, count } of tiles) {
        expect(from).toBe(next);
        expect(count).toBeGreaterThan(0);
        if (count > 1) expect(4 * count * heads * 256 * pages).toBeLessThanOrEqual(8 * 2 ** 20);
        next += count;
      }
      expect(next).toBe(tokens);
    }),
  );
});

test('a short prompt is computed at once', () => {
  expect(attentionTiles(256, 9, 512)).toEqual([{ from: 0, count: 256 }]);
});
