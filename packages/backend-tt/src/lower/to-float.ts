import type { Lowering } from '../lowering.ts';
import { py } from '../python.ts';
import { plainShape } from '../shapes.ts';
import { stepInput } from './step-input.ts';

/** In float32: bfloat16 would not tell 257 from 256. Rows of the step are not rows of a call: as numbers they have a name of their own. */
export const toFloat: Lowering<'to_float'> = (context, { id, inputs: [x = ''] }) => {
  const numbers = py`ttnn.to_layout(ttnn.unsqueeze_to_4D(${stepInput(context, x === 'logitRows' ? 'logit_rows' : x)}), ttnn.TILE_LAYOUT)`;
  return context.emit(py`ttnn.typecast(${numbers}, ttnn.float32)`, plainShape(context.dims(id)));
};
