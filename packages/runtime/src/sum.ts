/** Sum in float64, in order. A plain loop: it runs over the whole vocabulary for every token. */
export function sum(numbers: Float64Array): number {
  let total = 0;
  for (let i = 0; i < numbers.length; i++) total += numbers[i] ?? 0;
  return total;
}
