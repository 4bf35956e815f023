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

/** Where the tokens of a step stand. */
export interface Standing {
  /** Position of a sequence's first token; default 0. */
  firstPosition?: number;
  /** Default 1. Each stands farther on than the one before, so that they cannot be taken for each other. */
  positionAxes?: number;
}

/** A step that adds tokens to sequences, at the positions that follow. */
export function stepOf(
  state: State,
  additions: readonly Addition[],
  { logits, taps }: Wanted = {},
  { firstPosition = 0, positionAxes = 1 }: Standing = {},
): Step {
  const places = additions.flatMap(({ slot, ids }) => ids.map((_, i) => firstPosition + state.length(slot) + i));
  const positions = Array.from({ length: positionAxes }, (_, axis) => places.map((place) => place + 5 * axis)).flat();
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
