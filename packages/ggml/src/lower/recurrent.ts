import type { Lowered, LoweringContext } from '../lowering.ts';
import type { Pointer } from '../pointer.ts';
import type { RecurrentRows } from '../recurrent-memory.ts';

/** Sequences that follow each other in a step, of equally many tokens: what native ops take at once. */
export interface EqualRun {
  /** Number of the first among the sequences of the step. */
  first: number;
  sequences: number;
  /** The first of their tokens. */
  from: number;
  /** Tokens of each. */
  tokens: number;
}

/** Sequences of a step as runs of equal length, in order. */
export function equalRuns(sequences: readonly { from: number; count: number }[]): EqualRun[] {
  const runs: EqualRun[] = [];
  sequences.forEach(({ from, count }, first) => {
    const last = runs.at(-1);
    if (last?.tokens === count) last.sequences++;
    else runs.push({ first, sequences: 1, from, tokens: count });
  });
  return runs;
}

/**
 * Computes run by run and joins the results, `[N, …]`. `compute` returns the result of a run, contiguous with a row of
 * `width` numbers a token, and the states after it, `[sequences, numbers in a state]`, which are written where they belong.
 */
export function runByRun(
  context: LoweringContext,
  state: RecurrentRows,
  width: number,
  compute: (run: EqualRun) => { result: Pointer; after: Pointer },
): Pointer {
  const { g, arena } = context;
  return context.runs
    .map((run) => {
      const { result, after } = compute(run);
      context.expand(g.setRows(arena, state.tensor, after, rowsOf(context, run, 'to')));
      return g.reshape4d(arena, result, width, run.tokens * run.sequences, 1, 1);
    })
    .reduce((before, result) => g.concat(arena, before, result, 1));
}

/** The rows that hold the states of a run before it (int32), or are to hold those after it (int64). */
export function rowsOf(context: LoweringContext, { first, sequences }: EqualRun, which: 'from' | 'to'): Pointer {
  const bytes = which === 'from' ? 4 : 8;
  const all = bytes * sequences;
  return context.g.view4d(
    context.arena,
    context.recurrentRows(which),
    sequences,
    1,
    1,
    1,
    all,
    all,
    all,
    bytes * first,
  );
}

/** The rows of a run's tokens in `[N, …]`, with `sizes` a token: ggml's `[…sizes, tokens, sequences]`. */
export function tokensOf(
  { g, arena }: LoweringContext,
  { tensor }: Lowered,
  run: EqualRun,
  sizes: readonly number[],
): Pointer {
  const [a = 1, b = 1] = sizes;
  const row = 4 * a * b;
  return sizes.length === 1
    ? g.view4d(
        arena,
        tensor,
        a,
        run.tokens,
        run.sequences,
        1,
        row,
        row * run.tokens,
        row * run.tokens * run.sequences,
        row * run.from,
      )
    : g.view4d(arena, tensor, a, b, run.tokens, run.sequences, 4 * a, row, row * run.tokens, row * run.from);
}
