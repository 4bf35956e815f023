import type { RopeSpec } from '@tttv2/spec';
import { at, type Lowering, type LoweringContext } from '../lowering.ts';
import type { Pointer } from '../pointer.ts';

const modes = { interleaved: 0, half: 2 } as const; // GGML_ROPE_TYPE_NORMAL, GGML_ROPE_TYPE_NEOX

/**
 * ggml multiplies the angle by θ^(-2/d) from pair to pair, which drifts at far positions but is what llama.cpp computes.
 * When exactness is wanted, or the frequencies are not those of θ, the base is 1 and each pair is divided by its own
 * number instead.
 */
export const rotary: Lowering<'rotary'> = (context, { attrs: rope }, inputs) => {
  const [x, positions] = [at(inputs, 0).tensor, at(inputs, 1).tensor];
  const { scaling } = rope;
  if (!context.isExact && scaling.kind === 'default') return turn(context, rope, x, positions, { base: rope.theta });
  if (!context.isExact && scaling.kind === 'linear') {
    return turn(context, rope, x, positions, { base: rope.theta, scale: 1 / scaling.factor });
  }
  const base = context.isExact ? 1 : rope.theta;
  const attentionFactor = 'attentionFactor' in scaling ? scaling.attentionFactor : 1;
  return turn(context, rope, x, positions, { base, divisors: context.ropeDivisors(rope, base), attentionFactor });
};

function turn(
  { g, arena }: LoweringContext,
  { rotaryDim, layout }: RopeSpec,
  x: Pointer,
  positions: Pointer,
  {
    base,
    scale = 1,
    divisors = null,
    attentionFactor = 1,
  }: { base: number; scale?: number; divisors?: Pointer | null; attentionFactor?: number },
): Pointer {
  // No YaRN of ggml's own (extension factor 0): its ramp is in the divisors already.
  const [trainedContext, extension, betaFast, betaSlow] = [0, 0, 32, 1];
  return g.ropeExt(
    arena,
    x,
    positions,
    divisors,
    rotaryDim,
    modes[layout],
    trainedContext,
    base,
    scale,
    extension,
    attentionFactor,
    betaFast,
    betaSlow,
  );
}
