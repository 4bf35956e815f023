/**
 * Pearson's test: how probable it is that draws as uneven as `counts`, or more so, come from `probabilities`. Outcomes
 * that are expected fewer than five times are taken together; one that is impossible must not have come at all.
 */
export function chiSquare(counts: readonly number[], probabilities: readonly number[]): number {
  const draws = counts.reduce((sum, count) => sum + count, 0);
  const cells: { found: number; expected: number }[] = [];
  const rare = { found: 0, expected: 0 };
  for (const [outcome, probability] of probabilities.entries()) {
    const [found, expected] = [counts[outcome] ?? 0, probability * draws];
    if (expected === 0 && found > 0) return 0;
    if (expected >= 5) cells.push({ found, expected });
    else {
      rare.found += found;
      rare.expected += expected;
    }
  }
  if (rare.expected > 0) cells.push(rare);
  const statistic = cells.reduce((sum, { found, expected }) => sum + (found - expected) ** 2 / expected, 0);
  return cells.length < 2 ? 1 : chiSquareTail(statistic, cells.length - 1);
}

/** P(X ≥ x) for chi-square of `freedom` degrees: the regularised upper gamma function Q(freedom / 2, x / 2). */
export function chiSquareTail(x: number, freedom: number): number {
  const [a, z] = [freedom / 2, x / 2];
  const factor = Math.exp(a * Math.log(z) - z - logGamma(a));
  return z < a + 1 ? 1 - factor * lowerSeries(a, z) : factor * upperFraction(a, z);
}

/** Σ zⁿ / (a · (a+1) ⋯ (a+n)): DLMF 8.7.1. */
function lowerSeries(a: number, z: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; term > sum * 1e-16; n++) {
    term *= z / (a + n);
    sum += term;
  }
  return sum;
}

/** The continued fraction of DLMF 8.9.2, from its 500th level up. */
function upperFraction(a: number, z: number): number {
  let below = 0;
  for (let n = 500; n > 0; n--) below = (n * (a - n)) / (z - a + 2 * n + 1 + below);
  return 1 / (z - a + 1 + below);
}

/** Stirling's series (DLMF 5.11.1), where it is exact to the last digits: for `a` above 15. */
function logGamma(a: number): number {
  if (a < 15) return logGamma(a + 1) - Math.log(a);
  const corrections = 1 / (12 * a) - 1 / (360 * a ** 3) + 1 / (1260 * a ** 5) - 1 / (1680 * a ** 7);
  return (a - 0.5) * Math.log(a) - a + Math.log(2 * Math.PI) / 2 + corrections;
}
