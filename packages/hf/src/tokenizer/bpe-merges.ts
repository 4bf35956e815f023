import { CheckpointError } from '@tttv2/spec';
import type { GgufVocabulary } from './gguf-vocabulary.ts';
import { MinHeap } from './min-heap.ts';

/** Ranks of the pairs of tokens that byte-pair encoding joins: the lower, the sooner. */
export class BpeMerges {
  readonly #vocabSize: number;
  readonly #ranks = new Map<number, number>();
  readonly #joined: number[] = [];

  /**
   * `merges` are lines `left right`, in the order of their rank. One that names a token outside of the vocabulary could
   * never apply and is passed over. @throws CheckpointError for a line that is no pair.
   */
  constructor(merges: readonly string[], { tokens, tokenIds, file }: GgufVocabulary) {
    this.#vocabSize = tokens.length;
    for (const [rank, line] of merges.entries()) {
      const [left, right] = splitPair(line, rank, file);
      const leftId = tokenIds.get(left);
      const rightId = tokenIds.get(right);
      const joinedId = tokenIds.get(left + right);
      this.#joined.push(joinedId ?? none);
      if (leftId === undefined || rightId === undefined || joinedId === undefined) continue;
      const pair = this.#pair(leftId, rightId);
      if (!this.#ranks.has(pair)) this.#ranks.set(pair, rank);
    }
  }

  /**
   * Joins neighbours of a word, the pair of lowest rank first and of those the leftmost, until no pair is left that joins.
   * O(n log n) in the word's length. An id below zero joins with nothing.
   */
  apply(word: readonly number[]): number[] {
    const ids = Int32Array.from(word);
    const next = Int32Array.from(word, (_, index) => index + 1);
    const previous = Int32Array.from(word, (_, index) => index - 1);
    const candidates = new MinHeap();

    const rankAt = (left: number): number | undefined => {
      const right = next[left] ?? word.length;
      return this.#rank(ids[left] ?? none, ids[right] ?? none);
    };
    const consider = (left: number): void => {
      const rank = rankAt(left);
      if (rank !== undefined) candidates.push(rank * positions + left);
    };

    for (let left = 0; left + 1 < word.length; left++) consider(left);
    for (let candidate = candidates.pop(); candidate !== undefined; candidate = candidates.pop()) {
      const left = candidate % positions;
      const rank = (candidate - left) / positions;
      // A neighbour may have been joined elsewhere since this pair was considered.
      if (rankAt(left) !== rank) continue;
      const right = next[left] ?? word.length;
      const after = next[right] ?? word.length;
      ids[left] = this.#joined[rank] ?? none;
      ids[right] = none;
      next[left] = after;
      if (after < word.length) previous[after] = left;
      consider(left);
      consider(previous[left] ?? none);
    }
    return [...ids.filter((id) => id >= 0)];
  }

  #rank(left: number, right: number): number | undefined {
    return left < 0 || right < 0 ? undefined : this.#ranks.get(this.#pair(left, right));
  }

  #pair(left: number, right: number): number {
    return left * this.#vocabSize + right;
  }
}

const none = -1;

// A candidate is one number, rank first, so that numbers sort as candidates do. 2^32 positions leave 2^21 ranks exact.
const positions = 2 ** 32;

function splitPair(line: string, rank: number, file: string): [string, string] {
  // From 1: a token may itself be a space in vocabularies that are not byte-level, and a pair has a left side.
  const space = line.indexOf(' ', 1);
  if (space > 0) return [line.slice(0, space), line.slice(space + 1)];
  throw new CheckpointError({ file, message: `tokenizer.ggml.merges[${rank}] is "${line}", not two tokens` });
}
