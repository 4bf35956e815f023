import type { Dim } from '@tttv2/graph';
import type { Lowering, LoweringContext, Operand } from '../lowering.ts';
import { tile } from '../phase.ts';
import { py, type Value } from '../python.ts';
import { isHeads, operandOf, plainShape, sizes, toPlain } from '../shapes.ts';

export const reshape: Lowering<'reshape'> = (context, { id, inputs: [x = ''] }) =>
  reshaped(context, context.operand(x), context.dims(id));

/** The same elements in another shape of the graph. */
export function reshaped(context: LoweringContext, operand: Operand, shape: readonly Dim[]): Value {
  const target = plainShape(shape);
  if (isWholeHeads(operand, target))
    return context.emit(py`ttnn.experimental.nlp_concat_heads(${operand.expr})`, target);
  const plain = steady(context, toPlain(operand));
  const value = context.emit(py`ttnn.reshape(${plain.expr}, ${sizes(target, plain)})`, target);
  if (!isHeads(context, shape)) return value;
  const [one, tokens, heads, headDim] = target;
  return context.emit(py`ttnn.transpose(${value}, 1, 2)`, [one, heads, tokens, headDim], { order: 'heads' });
}

/** Heads of whole tiles become rows in one call. */
function isWholeHeads({ order, shape: [, heads, rows, headDim] }: Operand, target: Value['shape']): boolean {
  const width = Number(heads) * Number(headDim);
  return order === 'heads' && Number(headDim) % tile === 0 && target.join() === plainShape([rows, width]).join();
}

/** A variable for what is named more than once. */
function steady(context: LoweringContext, operand: Operand): Operand {
  return operand.expr.parts.length === 1 || !operand.shape.some((dim) => typeof dim === 'string')
    ? operand
    : operandOf(context.emit(operand.expr, operand.shape, operand));
}
