/**
 * Slopes of heads for attention with linear biases, as its authors choose them (arXiv:2108.12409): for n heads, a power of
 * two, the powers of `2^(-maxBias / n)`; for others those of the power below, then every second one of the power above.
 */
export function alibiSlopes(numHeads: number, maxBias = 8): number[] {
  const below = 2 ** Math.floor(Math.log2(numHeads));
  const power = (i: number, of: number) => 2 ** ((-maxBias * i) / of);
  return Array.from({ length: numHeads }, (_, head) =>
    head < below ? power(head + 1, below) : power(2 * (head - below) + 1, 2 * below),
  );
}
