import { z } from 'zod';
import { meshAxisSchema } from '../mesh.ts';
import { floatTensor, rowsOf } from '../tensor.ts';
import { sameAsInput } from './binary.ts';
import { defineCollective } from './collective.ts';

/** What the `devices` along a mesh axis hold, joined along the last dimension. */
export const allGather = defineCollective({
  name: 'all_gather',
  attrs: z.strictObject({ meshAxis: meshAxisSchema, devices: z.number().int().positive() }),
  rowwise: true,
  infer({ devices }, inputs) {
    const { dtype, shape } = sameAsInput(inputs);
    const width = shape.at(-1);
    if (typeof width !== 'number')
      throw new Error(`[${shape.join(', ')}] has no fixed last dimension along which parts could be joined`);
    return { dtype, shape: [...shape.slice(0, -1), devices * width] };
  },
  combine({ devices }, parts) {
    if (parts.length !== devices) throw new Error(`joins the parts of ${devices} devices, found ${parts.length}`);
    const shape = parts[0]?.shape ?? [];
    const { width } = rowsOf(shape);
    return floatTensor([...shape.slice(0, -1), devices * width], (i) => {
      const [row, column] = [Math.floor(i / (devices * width)), i % (devices * width)];
      return parts[Math.floor(column / width)]?.data[row * width + (column % width)] ?? Number.NaN;
    });
  },
});
