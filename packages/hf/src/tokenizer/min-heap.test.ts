import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MinHeap } from './min-heap.ts';

test('numbers come out in order, also between pushes', () => {
  const steps = fc.array(fc.oneof(fc.integer(), fc.constant('pop' as const)));
  fc.assert(
    fc.property(steps, (steps) => {
      const heap = new MinHeap();
      let expected: number[] = [];
      for (const step of steps) {
        if (step !== 'pop') {
          heap.push(step);
          expected = [...expected, step].toSorted((a, b) => a - b);
        } else {
          expect(heap.pop()).toBe(expected[0]);
          expected = expected.slice(1);
        }
      }
    }),
  );
});
