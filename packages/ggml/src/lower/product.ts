import { elementCount } from '@tttv2/graph';
import { sizesOf } from '../arena.ts';
import type { Lowered, LoweringContext } from '../lowering.ts';
import type { Pointer } from '../pointer.ts';

/** `x[…, in] · weight[out, in]ᵀ`, by the layout in which the weight of this name multiplies fastest. */
export function product(context: LoweringContext, x: Lowered, weight: Lowered, name: string): Pointer {
  const { g, arena } = context;
  const repacked = context.repacked(name);
  if (repacked === null) return g.mulMat(arena, weight.tensor, x.tensor);
  if (x.shape.length <= 2) return g.mulMat(arena, repacked, x.tensor);
  // What multiplies in another layout knows rows of a matrix alone.
  const width = x.shape.at(-1) ?? 1;
  const rows = g.reshape4d(arena, x.tensor, width, elementCount(x.shape) / width, 1, 1);
  const shape = x.shape.with(-1, weight.shape[0] ?? 1);
  return g.reshape4d(arena, g.mulMat(arena, repacked, rows), ...sizesOf(shape));
}
