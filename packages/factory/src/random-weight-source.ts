import { buildModel } from '@tttv2/blocks';
import type { WeightExpr, WeightSource } from '@tttv2/graph';
import { type ModelSpec, WeightMismatchError } from '@tttv2/spec';

/** Standard deviation of matrices, as most families initialise them. */
const std = 0.02;

/** Weights for a model that has none: normal numbers from a seed, norms of one, biases of zero. The same on every machine. */
export function randomWeightSource(spec: ModelSpec, seed: number): WeightSource {
  const { parameters } = buildModel(spec);
  return {
    files: new Map(),
    names: () => Object.keys(parameters),
    describe(name): WeightExpr {
      const parameter = parameters[name];
      if (parameter === undefined)
        throw new WeightMismatchError({ message: `the model has no parameter "${name}"`, missing: [name] });
      const isMatrix = parameter.shape.length > 1;
      const mean = isMatrix || name.endsWith('.bias') ? 0 : 1;
      return { kind: 'random', seed, stream: name, mean, std: isMatrix ? std : 0, shape: parameter.shape };
    },
    close: async () => {},
  };
}
