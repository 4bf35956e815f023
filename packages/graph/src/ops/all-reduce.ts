import { z } from 'zod';
import { meshAxisSchema } from '../mesh.ts';
import { floatTensor } from '../tensor.ts';
import { sameAsInput } from './binary.ts';
import { defineCollective } from './collective.ts';

/** Sum, elementwise, of what the devices along a mesh axis hold. */
export const allReduce = defineCollective({
  name: 'all_reduce',
  attrs: z.strictObject({ meshAxis: meshAxisSchema }),
  rowwise: true,
  infer: (_attrs, inputs) => sameAsInput(inputs),
  combine: (_attrs, parts) =>
    floatTensor(parts[0]?.shape ?? [], (i) => parts.reduce((sum, { data }) => sum + (data[i] ?? Number.NaN), 0)),
});
