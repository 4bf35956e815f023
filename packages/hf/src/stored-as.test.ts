import type { WeightExpr } from '@tttv2/graph';
import { bytesOf, type Dtype } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { storedAs } from './stored-as.ts';

const stored = (dtype: Dtype, shape: number[]): WeightExpr => ({
  ...{ kind: 'stored', file: 'f', offset: 0, bytes: bytesOf(dtype, shape), dtype, shape },
});
const scaled: WeightExpr = {
  ...{ kind: 'scaleBlocks', of: stored('float8_e4m3', [8, 8]), scales: stored('float32', [2, 2]), block: [4, 4] },
};

test.each<[string, WeightExpr, { dtype: Dtype; bytes: number }]>([
  ['a tensor', stored('bfloat16', [3, 4]), { dtype: 'bfloat16', bytes: 24 }],
  ['blocks', stored('q8_0', [2, 64]), { dtype: 'q8_0', bytes: 136 }],
  [
    'a third of a tensor',
    { kind: 'rows', of: stored('float32', [6, 4]), start: 2, count: 2, step: 1 },
    { dtype: 'float32', bytes: 32 },
  ],
  ['numbers and scales', scaled, { dtype: 'float8_e4m3', bytes: 64 + 16 }],
  [
    'experts of them, turned',
    { kind: 'stack', of: [scaled, { kind: 'transpose', of: scaled }] },
    { dtype: 'float8_e4m3', bytes: 160 },
  ],
  [
    'codes and exponents',
    { kind: 'packMxfp4', of: stored('uint8', [3, 2, 16]), scales: stored('uint8', [3, 2]) },
    { dtype: 'mxfp4', bytes: 102 },
  ],
])('%s', (_, expr, expected) => {
  expect(storedAs(expr)).toEqual(expected);
});
