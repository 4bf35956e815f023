import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Block, balanceStages } from './balance-stages.ts';

const block = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.nat(9)), { maxLength: 3 })
  .map((sizes): Block => new Map(sizes));

function sizeOf(blocks: readonly Block[]): number {
  const sizes = new Map(blocks.flatMap((one) => [...one].toReversed()).toReversed());
  return [...sizes.values()].reduce((total, size) => total + size, 0);
}

function largestOf(blocks: readonly Block[], starts: readonly number[]): number {
  return Math.max(...starts.map((start, i) => sizeOf(blocks.slice(start, starts[i + 1]))));
}

/** Every way to deal blocks out. */
function* waysFor(blocks: number, count: number, from = 0): Generator<number[]> {
  if (count === 1) return yield [from];
  for (let next = from + 1; next <= blocks - count + 1; next++)
    for (const rest of waysFor(blocks, count - 1, next)) yield [from, ...rest];
}

test('no other way has a smaller largest stage', () => {
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 7 }), fc.integer({ min: 1, max: 7 }), (blocks, wanted) => {
      const count = Math.min(wanted, blocks.length);
      const starts = balanceStages(blocks, count, 'n300');
      expect(starts).toHaveLength(count);
      const least = Math.min(...[...waysFor(blocks.length, count)].map((way) => largestOf(blocks, way)));
      expect(largestOf(blocks, starts)).toBe(least);
    }),
  );
});

test('each stage has something, and they come in order', () => {
  const blocks = [5, 0, 0, 1].map((size, i): Block => new Map([[`${i}`, size]]));
  expect(balanceStages(blocks, 4, 'n300')).toEqual([0, 1, 2, 3]);
  expect(balanceStages(blocks, 1, 'n300')).toEqual([0]);
});
