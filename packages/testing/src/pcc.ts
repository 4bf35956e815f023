/**
 * Pearson's correlation coefficient: 1 when the numbers agree up to scale and offset, as lower precision is usually held
 * to (Tenstorrent asks for 0.99). NaN when one side has no variance.
 */
export function pcc(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length)
    throw new Error(`cannot compare ${actual.length} numbers with ${expected.length}`);
  const [a, b] = [centred(actual), centred(expected)];
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

function centred(numbers: Float32Array): Float64Array {
  const wide = Float64Array.from(numbers);
  const mean = wide.reduce((sum, value) => sum + value, 0) / wide.length;
  return wide.map((value) => value - mean);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}
