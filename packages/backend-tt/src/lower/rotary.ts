import type { RopeSpec } from '@tttv2/spec';
import type { Lowering, LoweringContext, Operand } from '../lowering.ts';
import { tile } from '../phase.ts';
import { py } from '../python.ts';
import { inDram } from '../shapes.ts';

/**
 * `x · cos + turned(x) · sin`, where `turned` gives each pair `(a, b)` as `(-b, a)`. Cosines and sines come with each
 * call, so every scaling is the host's, those that depend on the length of the call too.
 */
export const rotary: Lowering<'rotary'> = (context, { attrs: rope, inputs: [x = ''] }) => {
  const headDim = Number(context.dims(x).at(-1));
  const operand = context.operand(x);
  const isDecode = context.phase === 'decode';
  if (!hasOp(rope, headDim)) return byProducts(context, inDram(operand), rope, headDim);
  const memory = isDecode ? 'users' : 'dram';
  const { cos, sin } = context.rotary(rope, headDim, memory);
  const onCores = isDecode ? context.perUser(operand) : operand.expr;
  const mode = isDecode ? 'True' : 'False';
  const call =
    rope.layout === 'half'
      ? py`ttnn.experimental.rotary_embedding_hf(${onCores}, ${cos}, ${sin}, is_decode_mode=${mode})`
      : py`ttnn.experimental.rotary_embedding_llama(${onCores}, ${cos}, ${sin}, ${context.turn(memory)}, is_decode_mode=${mode})`;
  return context.emit(call, operand.shape, { order: operand.order, memory });
};

/** ttnn's rotary ops turn whole heads of whole tiles. */
function hasOp({ rotaryDim, layout }: RopeSpec, headDim: number): boolean {
  const isWhole = layout === 'half' ? headDim === tile || headDim % (2 * tile) === 0 : headDim % tile === 0;
  return rotaryDim === headDim && isWhole;
}

function byProducts(context: LoweringContext, x: Operand, rope: RopeSpec, headDim: number) {
  const { cos, sin } = context.rotary(rope, headDim, 'dram');
  const turn = context.numbers(`turn${headDim}`, [1, 1, headDim, headDim], turnMatrix(rope, headDim));
  const placement = { order: x.order, hint: 'turned' };
  const turned = context.emit(py`ttnn.linear(${x.expr}, ${turn}, compute_kernel_config=EXACT)`, x.shape, placement);
  const sum = py`ttnn.add(ttnn.multiply(${x.expr}, ${cos}), ttnn.multiply(${turned}, ${sin}))`;
  return context.emit(sum, x.shape, { order: x.order });
}

/** `x · matrix` gives each pair `(a, b)` as `(-b, a)`, and zero beyond the dimensions that turn; row-major. */
export function turnMatrix({ layout, rotaryDim }: Pick<RopeSpec, 'layout' | 'rotaryDim'>, size: number): number[] {
  const matrix = Array.from({ length: size * size }, () => 0);
  for (let pair = 0; pair < rotaryDim / 2; pair++) {
    const [first, second] = layout === 'half' ? [pair, pair + rotaryDim / 2] : [2 * pair, 2 * pair + 1];
    matrix[first * size + second] = 1;
    matrix[second * size + first] = -1;
  }
  return matrix;
}
