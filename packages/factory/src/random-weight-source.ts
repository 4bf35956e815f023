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
      const { shape } = parameter;
      const how = isOffset(name) ? { mean: 0, std: 0 } : isMatrix(name, shape) ? { mean: 0, std } : { mean: 1, std: 0 };
      return { kind: 'random', seed, stream: name, ...how, shape };
    },
    close: async () => {},
  };
}

/** What is added: biases, also those of each expert, and the logits of sinks. */
function isOffset(name: string): boolean {
  return /(bias|sinks)$/i.test(name);
}

/** Norms have matrices, too: a row of weights for each head. */
function isMatrix(name: string, shape: readonly number[]): boolean {
  return shape.length > 1 && !/norm\.weight$/i.test(name);
}
