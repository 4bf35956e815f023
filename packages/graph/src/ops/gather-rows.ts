import { defineOp, expect } from '../op.ts';
import { elementCount, floats, floatTensor, ints } from '../tensor.ts';
import type { Dim } from '../value-type.ts';
import { noAttrs } from './binary.ts';

/**
 * Row `index[i]` of `table[rows, …]` as row i: token embedding, and the choice of rows whose logits are wanted. An index
 * `[1, N]` counts as `[N]`: positions of one axis look up their embedding.
 */
export const gatherRows = defineOp({
  name: 'gather_rows',
  kind: 'primitive',
  attrs: noAttrs,
  infer(_attrs, inputs) {
    expect.count(inputs, 2);
    const [table, count] = [expect.input(inputs, 0), countOf(expect.input(inputs, 1, 'int32').shape)];
    if (table.shape.length < 2) throw new Error(`input 0 must have rows, found [${table.shape.join(', ')}]`);
    const [rows, ...row] = table.shape;
    // Of the rows that a step brings, `logitRows` alone is known to name none beyond the last.
    if (typeof rows !== 'number' && (rows !== 'N' || count !== 'R'))
      throw new Error(`input 0 has ${rows} rows: only logitRows choose from those of the step's tokens`);
    // A row of tokens, chosen for each token, would be two dimensions that a step sets.
    if (row.some((dim) => typeof dim !== 'number'))
      throw new Error(`input 0 must have rows of fixed size, found [${table.shape.join(', ')}]`);
    return { dtype: 'float32', shape: [count, ...row] };
  },
  evaluate(_attrs, inputs) {
    const [table, index] = [floats(inputs[0]), ints(inputs[1])];
    const width = elementCount(table.shape.slice(1));
    return floatTensor([index.data.length, ...table.shape.slice(1)], (i) => {
      const value = table.data[(index.data[Math.floor(i / width)] ?? -1) * width + (i % width)];
      if (value === undefined) throw new RangeError(`gather_rows: no row ${index.data[Math.floor(i / width)]}`);
      return value;
    });
  },
});

/** How many rows an index chooses. */
function countOf(shape: readonly Dim[]): Dim {
  const [count, ...others] = shape.length === 2 && shape[0] === 1 ? shape.slice(1) : shape;
  if (count !== undefined && others.length === 0) return count;
  throw new Error(`input 1 must be [count] or [1, count], found [${shape.join(', ')}]`);
}
