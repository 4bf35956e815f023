/** Middle of a list of numbers. */
export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** `median (min … max)`. */
export function spread(numbers, digits = 1) {
  const show = (number) => number.toFixed(digits);
  return `${show(median(numbers))} (${show(Math.min(...numbers))} … ${show(Math.max(...numbers))})`;
}

/** Token ids that any vocabulary of 32k has, the same each time. */
export function promptOf(length) {
  return Array.from({ length }, (_, i) => 1000 + ((i * 7919) % 20000));
}
