import type { State, Step } from '@tttv2/graph';

/** Tokens to be added to a sequence. */
export interface Addition {
  slot: number;
  ids: readonly number[];
}

/** What a step is asked for, in plain arrays. */
export interface Wanted {
  logits?: readonly number[];
  taps?: readonly string[];
}

/** A step that adds tokens to sequences, at the positions that follow; `firstPosition` is that of a sequence's first token. */
export function stepOf(
  state: State,
  additions: readonly Addition[],
  { logits, taps }: Wanted = {},
  firstPosition = 0,
): Step {
  const positions = additions.flatMap(({ slot, ids }) => ids.map((_, i) => firstPosition + state.length(slot) + i));
  let next = 0;
  const sequences = additions.map(({ slot, ids: { length: count } }) => {
    const from = next;
    next += count;
    return { slot, from, count };
  });
  return {
    tokens: Int32Array.from(additions.flatMap(({ ids }) => ids)),
    positions: Int32Array.from(positions),
    sequences,
    want: { ...(logits && { logits: Int32Array.from(logits) }), ...(taps && { taps }) },
  };
}
