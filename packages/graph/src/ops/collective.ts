import { defineOp, type OpDefinition } from '../op.ts';
import { type FloatTensor, floats } from '../tensor.ts';

/** An op whose result on each device of a group is made of the values of all of them. */
export interface CollectiveDefinition<Name extends string, Attrs> extends OpDefinition<Name, Attrs> {
  /** The result, the same for all, of the values that the devices of a group hold, in their order along the mesh axis. */
  combine(attrs: Attrs, parts: readonly FloatTensor[]): FloatTensor;
}

/** A device on its own is a group of one. */
export function defineCollective<Name extends string, Attrs>(
  definition: Omit<CollectiveDefinition<Name, Attrs>, 'kind' | 'evaluate'>,
): CollectiveDefinition<Name, Attrs> {
  const { combine } = definition;
  return {
    ...defineOp({
      ...definition,
      kind: 'collective',
      evaluate: (attrs, inputs) => combine(attrs, [floats(inputs[0])]),
    }),
    combine,
  };
}
