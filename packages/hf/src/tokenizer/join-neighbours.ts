import { MinHeap } from './min-heap.ts';

/** How symbols that stand in a row, known by their positions, are joined. */
export interface Joining {
  /**
   * When the symbol at `left` is joined with its right neighbour, which begins at `right` and ends before `end`: the lower,
   * the sooner; undefined when these two do not join.
   */
  rank(left: number, right: number, end: number): number | undefined;
  /** Told that the symbol at `left` now holds its right neighbour, too. */
  joined?(left: number, rank: number): void;
}

/**
 * Joins neighbours among `length` symbols, the pair of lowest rank first and of those the leftmost, until no pair is left
 * that joins. Returns the positions where the symbols that remain begin. O(n log n) in the length.
 */
export function joinNeighbours(length: number, joining: Joining): number[] {
  const next = Int32Array.from({ length }, (_, index) => index + 1);
  const previous = Int32Array.from({ length }, (_, index) => index - 1);
  const candidates = new MinHeap();

  const rankAt = (left: number): number | undefined => {
    const right = next[left] ?? length;
    // What was joined to another has no right neighbour any more.
    return left < 0 || right < 0 || right >= length ? undefined : joining.rank(left, right, next[right] ?? length);
  };
  const consider = (left: number): void => {
    const rank = rankAt(left);
    if (rank !== undefined) candidates.push(rank * positions + left);
  };

  for (let left = 0; left + 1 < length; left++) consider(left);
  for (let candidate = candidates.pop(); candidate !== undefined; candidate = candidates.pop()) {
    const left = candidate % positions;
    const rank = (candidate - left) / positions;
    // A neighbour may have been joined elsewhere since this pair was considered.
    if (rankAt(left) !== rank) continue;
    const right = next[left] ?? length;
    const after = next[right] ?? length;
    next[left] = after;
    next[right] = gone;
    if (after < length) previous[after] = left;
    joining.joined?.(left, rank);
    consider(left);
    consider(previous[left] ?? gone);
  }
  return [...next.keys()].filter((position) => next[position] !== gone);
}

const gone = -1;

// A candidate is one number, rank first, so that numbers sort as candidates do. 2^32 positions leave 2^21 ranks exact.
const positions = 2 ** 32;
