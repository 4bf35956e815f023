import { CheckpointError } from '@tttv2/spec';
import type { GgufVocabulary } from './gguf-vocabulary.ts';
import { joinNeighbours } from './join-neighbours.ts';

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
    const ids = [...word];
    const remaining = joinNeighbours(word.length, {
      rank: (left, right) => this.#rank(ids[left] ?? none, ids[right] ?? none),
      joined: (left, rank) => {
        ids[left] = this.#joined[rank] ?? none;
      },
    });
    return remaining.map((position) => ids[position] ?? none).filter((id) => id >= 0);
  }

  #rank(left: number, right: number): number | undefined {
    return left < 0 || right < 0 ? undefined : this.#ranks.get(this.#pair(left, right));
  }

  #pair(left: number, right: number): number {
    return left * this.#vocabSize + right;
  }
}

const none = -1;

function splitPair(line: string, rank: number, file: string): [string, string] {
  // From 1: a token may itself be a space in vocabularies that are not byte-level, and a pair has a left side.
  const space = line.indexOf(' ', 1);
  if (space > 0) return [line.slice(0, space), line.slice(space + 1)];
  throw new CheckpointError({ file, message: `tokenizer.ggml.merges[${rank}] is "${line}", not two tokens` });
}
