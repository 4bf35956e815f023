import { moeInputs, type NodeOf } from '@tttv2/graph';
import type { Lowering, LoweringContext, Operand } from '../lowering.ts';
import { type Expr, py, type Value } from '../python.ts';
import { inDram, operandOf } from '../shapes.ts';
import { activated, gated } from './activation.ts';

/**
 * All experts as one wide network, whose inner values are multiplied by the share of their expert: zero for most. ttnn then
 * multiplies matrices and nothing else; experts that nobody chose are computed in vain.
 */
export const moe: Lowering<'moe'> = (context, { attrs, inputs }) => {
  const [x = '', logits = ''] = inputs;
  const { matrices, selection } = moeInputs(attrs, inputs);
  const [down = '', up = '', gate] = matrices.toReversed();
  const shares = sharesOf(context, attrs, inDram(context.operand(logits)), selection ?? undefined);
  const token = inDram(context.operand(x));
  const [, inner = 1] = context.dims(up).map(Number);
  const by = (name: string) => multiply(context, token.expr, context.matrix([name]), widthOf(context, name));
  const gates = gate === undefined ? null : by(gate);
  const ups = by(up);
  const opened = gates === null ? activated(attrs.fn, py`${ups}`) : gated(attrs.fn, py`${gates}`, py`${ups}`);
  const product = context.emit(opened, ups.shape);
  const shared = context.emit(py`ttnn.multiply(${product}, ttnn.repeat_interleave(${shares}, ${inner}, 3))`, ups.shape);
  return multiply(context, py`${shared}`, context.tallMatrix(down), Number(token.shape[3]));
};

function widthOf(context: LoweringContext, name: string): number {
  const [experts = 1, inner = 1] = context.dims(name).map(Number);
  return experts * inner;
}

function multiply(
  context: LoweringContext,
  x: Expr,
  weight: ReturnType<LoweringContext['matrix']>,
  width: number,
): Value {
  return context.emit(py`ttnn.linear(${x}, ${weight}, compute_kernel_config=EXACT)`, [1, 1, 'N', width]);
}

/** The share of each expert in each token, `[1, 1, N, E]`; zero for those that were not chosen. */
function sharesOf(
  context: LoweringContext,
  attrs: NodeOf<'moe'>['attrs'],
  logits: Operand,
  bias: string | undefined,
): Value {
  const { topK, order, normalize, scale } = attrs;
  const scored = (of: Expr) => (attrs.score === 'softmax' ? py`ttnn.softmax(${of}, dim=-1)` : py`ttnn.sigmoid(${of})`);
  const isScoredFirst = order === 'score_then_topk';
  const all = isScoredFirst ? operandOf(context.emit(scored(logits.expr), logits.shape, { hint: 'scores' })) : logits;
  const merits = bias === undefined ? all.expr : py`ttnn.add(${all.expr}, ${context.operand(bias).expr})`;
  const [one, two, rows] = logits.shape;
  const few: Value['shape'] = [one, two, rows, topK];
  const [best, ids] = context.emitAll(py`ttnn.topk(${merits}, ${topK}, dim=-1)`, few, ['best', 'ids']);
  if (best === undefined || ids === undefined) throw new Error('the best have values and places');
  const share = (expr: Expr) => context.emit(expr, few, { hint: 'shares' });
  let shares = bias === undefined ? best : share(py`ttnn.gather(${all.expr}, 3, ${ids})`);
  if (!isScoredFirst) shares = share(scored(py`${shares}`));
  if (normalize) shares = share(py`ttnn.divide(${shares}, ttnn.sum(${shares}, dim=-1, keepdim=True))`);
  if (scale !== 1) shares = share(py`ttnn.multiply(${shares}, ${scale})`);
  return context.emit(py`ttnn.scatter(ttnn.zeros_like(${all.expr}), 3, ${ids}, ${shares})`, logits.shape, {
    hint: 'shares',
  });
}
