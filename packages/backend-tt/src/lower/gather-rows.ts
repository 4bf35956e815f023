import type { Dim } from '@tttv2/graph';
import type { Lowering, LoweringContext } from '../lowering.ts';
import { type Expr, py, type Value } from '../python.ts';
import { operandOf, plainShape, sizes } from '../shapes.ts';
import { reshaped } from './reshape.ts';
import { stepInput } from './step-input.ts';

/** Rows of a table, or of the tokens' values: in decode every user keeps its row, and the host picks those wanted. */
export const gatherRows: Lowering<'gather_rows'> = (context, { id, inputs: [table = '', index = ''] }) => {
  const shape = context.dims(id);
  if (context.isParameter(table)) return lookUp(context, py`${context.table(table)}`, index, shape);
  if (context.phase === 'decode' && index === 'logitRows') return context.value(table);
  const [rows = 1, ...rest] = context.dims(table);
  const operand = context.operand(table);
  const flat = rest.length === 1 ? operand : operandOf(reshaped(context, operand, [rows, widthOf(rest)]));
  const lines = py`ttnn.reshape(ttnn.to_layout(${flat.expr}, ttnn.ROW_MAJOR_LAYOUT), ${sizes(flat.shape.slice(2), flat)})`;
  return lookUp(context, py`${context.emit(lines, flat.shape, { hint: 'rows' })}`, index, shape);
};

function lookUp(context: LoweringContext, table: Expr, index: string, shape: readonly Dim[]): Value {
  const [rows = 1, ...rest] = shape;
  const found = py`ttnn.embedding(${stepInput(context, index)}, ${table}, layout=ttnn.TILE_LAYOUT)`;
  const flat = context.emit(py`ttnn.unsqueeze_to_4D(${found})`, plainShape([rows, widthOf(rest)]));
  return rest.length === 1 ? flat : reshaped(context, operandOf(flat), shape);
}

function widthOf(dims: readonly Dim[]): number {
  return dims.reduce<number>((width, dim) => width * Number(dim), 1);
}
