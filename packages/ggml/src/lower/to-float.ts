import { ggmlTypes } from '../ggml-type.ts';
import { at, type Lowering } from '../lowering.ts';

export const toFloat: Lowering<'to_float'> = ({ g, arena }, _node, inputs) =>
  g.cast(arena, at(inputs, 0).tensor, ggmlTypes.float32);
