import { isLengthDependent, type RopeSpec } from '@tttv2/spec';
import { at, type Lowered, type Lowering, type LoweringContext, type TokenSpan } from '../lowering.ts';
import type { Pointer } from '../pointer.ts';

const modes = { interleaved: 0, half: 2 } as const; // GGML_ROPE_TYPE_NORMAL, GGML_ROPE_TYPE_NEOX
const axisModes = { sections: 8, interleaved: 40 } as const; // GGML_ROPE_TYPE_MROPE, GGML_ROPE_TYPE_IMROPE

/**
 * ggml multiplies the angle by θ^(-2/d) from pair to pair, which drifts at far positions but is what llama.cpp computes.
 * When exactness is wanted, or the frequencies are not those of θ, the base is 1 and each pair is divided by its own
 * number instead.
 */
export const rotary: Lowering<'rotary'> = (context, { attrs: rope }, inputs) => {
  const { g, arena, sizes } = context;
  const [x, positions] = [at(inputs, 0), at(inputs, 1)];
  const whole = { from: 0, count: sizes.N };
  if (!isLengthDependent(rope)) return rotateHeads(context, rope, x, placesOf(context, rope, positions, whole), whole);
  const [, heads = 1, headDim = 1] = x.shape;
  const row = 4 * headDim * heads;
  return context.spans
    .map((span) => {
      const { from, count } = span;
      const tensor = g.view4d(arena, x.tensor, headDim, heads, count, 1, 4 * headDim, row, row * count, row * from);
      const places = placesOf(context, rope, positions, span);
      return rotateHeads(context, rope, { tensor, shape: [count, heads, headDim] }, places, span);
    })
    .reduce((before, part) => g.concat(arena, before, part, 2));
};

/** Positions of some tokens, as the native op wants them. */
function placesOf(context: LoweringContext, { mrope }: RopeSpec, positions: Lowered, span: TokenSpan): Pointer {
  const { g, arena, sizes } = context;
  if (mrope !== undefined) return context.axisPositions(span);
  const { from, count } = span;
  if (count === sizes.N) return positions.tensor;
  return g.view4d(arena, positions.tensor, count, 1, 1, 1, 4 * count, 4 * count, 4 * count, 4 * from);
}

/**
 * ggml copies what does not turn in pairs too, and would write beyond an odd head: such a rest is kept apart. It turns
 * halves alone by several axes: other pairs are put in their order, and back.
 */
function rotateHeads(
  context: LoweringContext,
  rope: RopeSpec,
  { tensor: x, shape: [tokens = 1, heads = 1, headDim = 1] }: Lowered,
  positions: Pointer,
  span: TokenSpan,
): Pointer {
  const { g, arena } = context;
  const { rotaryDim, layout, mrope } = rope;
  const isReordered = mrope !== undefined && layout === 'interleaved';
  if (headDim % 2 === 0 && !isReordered) return rotate(context, rope, { x, headDim, positions, span });
  const row = 4 * headDim;
  const part = (start: number, length: number) =>
    g.view4d(arena, x, length, heads, tokens, 1, row, row * heads, row * heads * tokens, 4 * start);
  const swapped = (of: Pointer, a: number, b: number): Pointer => {
    const matrix = g.reshape4d(arena, g.cont(arena, of), a, b, heads * tokens, 1);
    return g.reshape4d(arena, g.cont(arena, g.permute(arena, matrix, 1, 0, 2, 3)), rotaryDim, heads, tokens, 1);
  };
  const first = part(0, rotaryDim);
  const halves = isReordered ? swapped(first, 2, rotaryDim / 2) : first;
  const turned = rotate(context, rope, { x: halves, headDim: rotaryDim, positions, span });
  const back = isReordered ? swapped(turned, rotaryDim / 2, 2) : turned;
  return headDim === rotaryDim ? back : g.concat(arena, back, part(rotaryDim, headDim - rotaryDim), 0);
}

function rotate(
  context: LoweringContext,
  rope: RopeSpec,
  { x, headDim, positions, span }: { x: Pointer; headDim: number; positions: Pointer; span: TokenSpan },
): Pointer {
  const { scaling } = rope;
  if (!context.isExact && scaling.kind === 'default') return turn(context, rope, x, positions, { base: rope.theta });
  if (!context.isExact && scaling.kind === 'linear') {
    return turn(context, rope, x, positions, { base: rope.theta, scale: 1 / scaling.factor });
  }
  const base = context.isExact ? 1 : rope.theta;
  const attentionFactor = 'attentionFactor' in scaling ? scaling.attentionFactor : 1;
  const divisors = context.ropeDivisors(rope, base, headDim / 2, span);
  return turn(context, rope, x, positions, { base, divisors, attentionFactor });
}

function turn(
  { g, arena }: LoweringContext,
  { rotaryDim, layout, mrope }: RopeSpec,
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
  const numbers = [trainedContext, base, scale, extension, attentionFactor, betaFast, betaSlow] as const;
  if (mrope === undefined) return g.ropeExt(arena, x, positions, divisors, rotaryDim, modes[layout], ...numbers);
  const mode = mrope.isInterleaved ? axisModes.interleaved : axisModes.sections;
  return g.ropeMulti(arena, x, positions, divisors, rotaryDim, Int32Array.of(...mrope.sections, 0), mode, ...numbers);
}
