import type { Executable, FloatTensor, State } from '@tttv2/graph';

export interface FeedOptions {
  slot?: number;
  /** Positions of the tokens, `[P, tokens]`; default: their places in the sequence, on every axis. */
  positions?: Int32Array;
  signal?: AbortSignal;
}

/**
 * Computes tokens of one sequence, in chunks that the device takes, and returns the logits of the last `[1, V]`.
 * Valid until the executable runs again.
 */
export async function feed(
  executable: Executable,
  state: State,
  ids: Int32Array,
  options: FeedOptions = {},
): Promise<FloatTensor> {
  let last: FloatTensor | null = null;
  for await (const { logits } of chunks(executable, state, ids, 'last', options)) last = logits;
  if (last === null) throw new RangeError('nothing to compute: the list of tokens is empty');
  return last;
}

/** The same with the logits of every token: a piece `[rows, V]` for each chunk, valid until the next is asked for. */
export async function* feedAll(
  executable: Executable,
  state: State,
  ids: Int32Array,
  options: FeedOptions = {},
): AsyncGenerator<FloatTensor> {
  for await (const { logits } of chunks(executable, state, ids, 'all', options)) if (logits !== null) yield logits;
}

async function* chunks(
  executable: Executable,
  state: State,
  ids: Int32Array,
  wanted: 'last' | 'all',
  { slot = 0, positions, signal }: FeedOptions,
): AsyncGenerator<{ logits: FloatTensor | null }> {
  const size = executable.limits.maxTokensPerStep;
  const axes = executable.positionAxes;
  const base = state.length(slot);
  for (let from = 0; from < ids.length; from += size) {
    const tokens = ids.subarray(from, from + size);
    const count = tokens.length;
    const isLast = from + count === ids.length;
    const rows =
      wanted === 'all'
        ? Int32Array.from({ length: count }, (_, i) => i)
        : Int32Array.of(...(isLast ? [count - 1] : []));
    yield await executable.run(
      state,
      {
        tokens,
        positions: Int32Array.from({ length: axes * count }, (_, i) => {
          const [axis, token] = [Math.floor(i / count), from + (i % count)];
          return positions?.[axis * ids.length + token] ?? base + token;
        }),
        sequences: [{ slot, from: 0, count }],
        want: { logits: rows },
      },
      signal === undefined ? {} : { signal },
    );
  }
}
