/** The largest difference between numbers at the same place; NaN when one of them is. */
export function maxAbsError(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length)
    throw new Error(`cannot compare ${actual.length} numbers with ${expected.length}`);
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs((actual[i] ?? Number.NaN) - value)), 0);
}
