import { floatTensor, readFloats } from '@tttv2/graph';
import { CheckpointError, WeightMismatchError } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { memoryWeights } from './memory-weights.ts';

const weights = memoryWeights({ a: floatTensor([2, 2], (i) => i), b: floatTensor([1], () => 9) });

test('tensors come back as they went in', async () => {
  expect(weights.names()).toEqual(['a', 'b']);
  expect(await readFloats(weights, weights.describe('a'))).toEqual(Float32Array.of(0, 1, 2, 3));
  expect(await readFloats(weights, { kind: 'rows', of: weights.describe('a'), start: 1, count: 1, step: 1 })).toEqual(
    Float32Array.of(2, 3),
  );
});

test('what is not there is refused', async () => {
  expect(() => weights.describe('c')).toThrow(WeightMismatchError);
  await expect(weights.files.get('b')?.read(0, 5)).rejects.toThrow(CheckpointError);
});
