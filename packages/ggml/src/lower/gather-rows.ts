import { elementCount } from '@tttv2/graph';
import { sizesOf } from '../arena.ts';
import { at, type Lowering } from '../lowering.ts';

/** ggml gathers rows of a matrix: a table of more dimensions is one for the time being. */
export const gatherRows: Lowering<'gather_rows'> = ({ g, arena }, _node, inputs) => {
  const [table, index] = [at(inputs, 0), at(inputs, 1)];
  if (table.shape.length === 2) return g.getRows(arena, table.tensor, index.tensor);
  const [rows = 1, ...row] = table.shape;
  const matrix = g.reshape4d(arena, table.tensor, elementCount(row), rows, 1, 1);
  const count = index.shape.at(-1) ?? 1;
  return g.reshape4d(arena, g.getRows(arena, matrix, index.tensor), ...sizesOf([count, ...row]));
};
