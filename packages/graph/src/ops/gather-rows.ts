import { defineOp, expect } from '../op.ts';
import { elementCount, floats, floatTensor, ints } from '../tensor.ts';
import { noAttrs } from './binary.ts';

/** Row `index[i]` of `table[rows, …]` as row i: token embedding, and the choice of rows whose logits are wanted. */
export const gatherRows = defineOp({
  name: 'gather_rows',
  kind: 'primitive',
  attrs: noAttrs,
  infer(_attrs, inputs) {
    expect.count(inputs, 2);
    const [table, index] = [expect.input(inputs, 0), expect.input(inputs, 1, 'int32', 1)];
    if (table.shape.length < 2) throw new Error(`input 0 must have rows, found [${table.shape.join(', ')}]`);
    const [rows, ...row] = table.shape;
    // Of the rows that a step brings, `logitRows` alone is known to name none beyond the last.
    if (typeof rows !== 'number' && (rows !== 'N' || index.shape[0] !== 'R'))
      throw new Error(`input 0 has ${rows} rows: only logitRows choose from those of the step's tokens`);
    return { dtype: 'float32', shape: [...index.shape, ...row] };
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
