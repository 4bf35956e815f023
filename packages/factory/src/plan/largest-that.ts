/** The largest number from 1 to `most` that passes, given that all below one that passes do; 0 when none does. */
export function largestThat(passes: (count: number) => boolean, most: number): number {
  let [known, refused] = [0, most + 1];
  while (refused - known > 1) {
    const middle = Math.floor((known + refused) / 2);
    if (passes(middle)) known = middle;
    else refused = middle;
  }
  return known;
}
