import { at, type Lowering } from '../lowering.ts';
import { rowsOf, runByRun, tokensOf } from './recurrent.ts';

/** ggml can give the states after some of the last tokens: that after the last one is enough. */
const statesOfEach = 1;

/**
 * Legend: H heads of P dimensions, G groups of S numbers, n tokens of each of s sequences. ggml sizes stand fastest first.
 *
 *     state[S, P, H, rows] ──────────────────────────────┐
 *     x[P, H, n, s] dt[H, n, s] a[1, H] b, c[S, G, n, s] ┴─ scan ─▶ y[P, H, n, s] and, behind it, states[S, P, H, s]
 */
export const ssmScan: Lowering<'ssm_scan'> = (context, { attrs }, inputs) => {
  const { g, arena } = context;
  const [x, dt, a, b, c] = [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3), at(inputs, 4)];
  const [, heads = 1, headDim = 1] = x.shape;
  const [, groups = 1, width = 1] = b.shape;
  const state = context.recurrentState(attrs.state);
  const states = g.reshape4d(arena, state.tensor, width, headDim, heads, state.rows);
  const decay = g.reshape4d(arena, a.tensor, 1, heads, 1, 1);
  const result = runByRun(context, state, heads * headDim, (run) => {
    const both = g.ssmScan(
      arena,
      states,
      tokensOf(context, x, run, [headDim, heads]),
      tokensOf(context, dt, run, [heads]),
      decay,
      tokensOf(context, b, run, [width, groups]),
      tokensOf(context, c, run, [width, groups]),
      rowsOf(context, run, 'from'),
      statesOfEach,
    );
    const results = headDim * heads * run.tokens * run.sequences;
    const [row, all] = [4 * state.width, 4 * state.width * run.sequences];
    return {
      result: g.view4d(arena, both, results, 1, 1, 1, 4 * results, 4 * results, 4 * results, 0),
      after: g.view4d(arena, both, state.width, run.sequences, 1, 1, row, all, all, 4 * results),
    };
  });
  return g.reshape4d(arena, result, headDim, heads, context.sizes.N, 1);
};
