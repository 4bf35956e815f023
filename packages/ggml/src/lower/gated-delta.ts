import { at, type Lowered, type Lowering, type LoweringContext } from '../lowering.ts';
import type { Pointer } from '../pointer.ts';
import { type EqualRun, rowsOf, runByRun, tokensOf } from './recurrent.ts';

/** ggml can give the states after some of the last tokens: that after the last one is enough. */
const statesOfEach = 1;

/**
 * Legend: H heads of P dimensions, G groups of as many, n tokens of each of s sequences. ggml sizes stand fastest first.
 *
 *     state[P, P, H, s] ──────────────────────────────────────────────────────────┐
 *     q, k[P, H, n, s] (of groups) v[P, H, n, s] ln decay, beta[1, H, n, s] ──────┴─ delta ─▶ y[P, H, n, s] and, behind it, states
 */
export const gatedDelta: Lowering<'gated_delta'> = (context, { attrs }, inputs) => {
  const { g, arena } = context;
  const [q, k, v] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
  const [dt, a, beta] = [at(inputs, 3), at(inputs, 4), at(inputs, 5)];
  const [, heads = 1, headDim = 1] = v.shape;
  const state = context.recurrentState(attrs.state);
  const rates = g.scaleBias(arena, g.exp(arena, a.tensor), -1, 0);
  const decay = { tensor: g.mul(arena, g.softplus(arena, dt.tensor), rates), shape: dt.shape };
  const result = runByRun(context, state, heads * headDim, (run) => {
    const { tokens, sequences } = run;
    const scalars = (of: Lowered) =>
      g.reshape4d(arena, tokensOf(context, of, run, [heads]), 1, heads, tokens, sequences);
    const before = g.getRows(arena, state.tensor, rowsOf(context, run, 'from'));
    const both = g.gatedDeltaNet(
      arena,
      groupsByHead(context, q, run, heads),
      groupsByHead(context, k, run, heads),
      tokensOf(context, v, run, [headDim, heads]),
      scalars(decay),
      scalars(beta),
      g.reshape4d(arena, before, headDim, headDim, heads, sequences),
      statesOfEach,
    );
    const results = headDim * heads * tokens * sequences;
    const [row, all] = [4 * state.width, 4 * state.width * sequences];
    return {
      result: g.view4d(arena, both, results, 1, 1, 1, 4 * results, 4 * results, 4 * results, 0),
      after: g.view4d(arena, both, state.width, sequences, 1, 1, row, all, all, 4 * results),
    };
  });
  return g.reshape4d(arena, result, headDim, heads, context.sizes.N, 1);
};

/** Each group as often as it has heads: ggml has them take turns where neighbours share one here. */
function groupsByHead(context: LoweringContext, of: Lowered, run: EqualRun, heads: number): Pointer {
  const { g, arena } = context;
  const [, groups = 1, width = 1] = of.shape;
  const { tokens, sequences } = run;
  const all = tokensOf(context, of, run, [width, groups]);
  if (groups === heads) return all;
  const apart = g.reshape4d(arena, all, width, 1, groups, tokens * sequences);
  const repeated = g.repeat4d(arena, apart, width, heads / groups, groups, tokens * sequences);
  return g.reshape4d(arena, repeated, width, heads, tokens, sequences);
}
