import { at, type Lowering } from '../lowering.ts';
import { rowsOf, runByRun, tokensOf } from './recurrent.ts';

/**
 * Legend: C channels, K width, n tokens of each of s sequences. ggml sizes stand fastest first.
 *
 *     state[K - 1, C, s] ─┐
 *     x[n, C, s] ─────────┴─ concat [K - 1 + n, C, s] ─┬─ conv ─▶ [C, n, s]
 *                                                      └─ last K - 1 ─▶ state
 */
export const causalConv: Lowering<'causal_conv'> = (context, { attrs }, inputs) => {
  const { g, arena } = context;
  const [x, weight] = [at(inputs, 0), at(inputs, 1)];
  const [channels = 1, width = 1] = weight.shape;
  const state = context.recurrentState(attrs.state);
  return runByRun(context, state, channels, (run) => {
    const { tokens, sequences } = run;
    const before = g.getRows(arena, state.tensor, rowsOf(context, run, 'from'));
    const past = g.reshape4d(arena, before, width - 1, channels, sequences, 1);
    const now = g.permute(arena, tokensOf(context, x, run, [channels]), 1, 0, 2, 3);
    const all = g.concat(arena, past, now, 0);
    const row = 4 * (width - 1 + tokens);
    const size = [width - 1, channels, sequences, 1] as const;
    const last = g.view4d(arena, all, ...size, row, row * channels, row * channels * sequences, 4 * tokens);
    return {
      result: g.ssmConv(arena, all, weight.tensor),
      after: g.reshape4d(arena, g.cont(arena, last), (width - 1) * channels, sequences, 1, 1),
    };
  });
};
