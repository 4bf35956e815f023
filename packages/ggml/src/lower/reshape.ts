import { concreteShape } from '@tttv2/graph';
import { sizesOf } from '../arena.ts';
import { at, type Lowering } from '../lowering.ts';

export const reshape: Lowering<'reshape'> = ({ g, arena, sizes }, { attrs: { shape } }, inputs) =>
  g.reshape4d(arena, at(inputs, 0).tensor, ...sizesOf(concreteShape(shape, sizes)));
