import type { Lowering } from '../lowering.ts';
import { py } from '../python.ts';
import { plainShape } from '../shapes.ts';

export const constant: Lowering<'constant'> = (context, { id, attrs: { shape, data } }) => {
  const plain = plainShape(shape);
  return context.emit(py`${context.numbers(`constant${id.slice(1)}`, plain, data)}`, plain);
};
