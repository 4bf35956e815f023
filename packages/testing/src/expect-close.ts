import type { FloatTensor } from '@tttv2/graph';

/**
 * How far numbers may lie from what is expected of them: `|actual - expected| ≤ tolerance · (1 + |expected|)`, so it is
 * absolute for small numbers and relative for large ones.
 */
export type Tolerance = number;

/** @throws Error that says where the tensors differ most and by how much. Infinities must be equal, NaN where NaN is expected. */
export function expectClose(actual: FloatTensor, expected: FloatTensor, tolerance: Tolerance, what = 'tensor'): void {
  if (actual.shape.join() !== expected.shape.join() || actual.data.length !== expected.data.length)
    throw new Error(
      `${what} is [${actual.shape.join(', ')}] of ${actual.data.length} numbers, expected [${expected.shape.join(', ')}] of ${expected.data.length}`,
    );
  let [worst, excess, count] = [-1, tolerance, 0];
  expected.data.forEach((wanted, i) => {
    const distance = relativeDistance(actual.data[i] ?? Number.NaN, wanted);
    if (distance > tolerance) count++;
    if (distance > excess) [worst, excess] = [i, distance];
  });
  if (worst < 0) return;
  const place = indexesOf(worst, expected.shape).join(', ');
  const [found, wanted] = [actual.data[worst], expected.data[worst]];
  throw new Error(
    `${what}[${place}] is ${found}, expected ${wanted}: ${excess.toExponential(1)} apart, tolerance ${tolerance}; so are ${count} of ${expected.data.length} numbers`,
  );
}

function relativeDistance(actual: number, expected: number): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  const distance = Math.abs(actual - expected) / (1 + Math.abs(expected));
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
}

/** Place of a flat index in a row-major shape. */
function indexesOf(index: number, shape: readonly number[]): number[] {
  let rest = index;
  return shape
    .toReversed()
    .map((size) => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    })
    .toReversed();
}
