import { WeightMismatchError } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import { describeParameters } from './describe-parameters.ts';
import type { WeightSource } from './weight-source.ts';

const source: WeightSource = {
  files: new Map(),
  names: () => ['w'],
  describe: () => ({ kind: 'random', seed: 1, stream: 'w', mean: 0, std: 1, shape: [2, 3] }),
  close: async () => {},
};

test('a weight of another shape than the model’s is refused, with both', () => {
  const graphOf = (shape: number[]) => {
    const builder = new GraphBuilder('g');
    builder.parameter('w', shape);
    return builder.build({});
  };
  expect(describeParameters(graphOf([2, 3]), source).get('w')?.kind).toBe('random');
  for (const shape of [[3, 2], [6], [2, 3, 1]]) {
    const describe = () => describeParameters(graphOf(shape), source);
    expect(describe).toThrow(WeightMismatchError);
    expect(describe).toThrow(`w is [2, 3], but the model needs [${shape.join(', ')}]`);
  }
});
