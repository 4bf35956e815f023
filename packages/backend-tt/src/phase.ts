/**
 * How tokens lie on the device. `prefill`: the prompt of one user, padded to whole tiles. `decode`: one token each of up
 * to 32 users.
 */
export type Phase = 'prefill' | 'decode';

export const phases: readonly Phase[] = ['prefill', 'decode'];

/** Rows and columns of a tile: what ttnn pads to. */
export const tile = 32;

/** Users that may decode together: a tile has a row for each. */
export const maxUsers = tile;
