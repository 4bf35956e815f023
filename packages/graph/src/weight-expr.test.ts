import { expect, test } from 'vitest';
import { asView, dtypeOf, isView, shapeOf, type WeightExpr } from './weight-expr.ts';

const stored = (dtype: 'float32' | 'float16' | 'q8_0', shape: number[]): WeightExpr => ({
  kind: 'stored',
  file: 'f',
  offset: 100,
  bytes: 1e6,
  dtype,
  shape,
});
const bytes = (shape: number[]): WeightExpr => ({
  kind: 'stored',
  file: 'f',
  offset: 0,
  bytes: 1e6,
  dtype: 'uint8',
  shape,
});
const half = stored('float16', [6, 32]);
const blocks = stored('q8_0', [6, 64]);

test.each<[expr: WeightExpr, shape: number[], dtype: string, view: boolean]>([
  [half, [6, 32], 'float16', true],
  [{ kind: 'rows', of: half, start: 1, count: 3, step: 1 }, [3, 32], 'float16', true],
  [{ kind: 'rows', of: half, start: 1, count: 3, step: 2 }, [3, 32], 'float16', false],
  [{ kind: 'columns', of: half, start: 8, count: 8 }, [6, 8], 'float16', false],
  [{ kind: 'columns', of: half, start: 0, count: 32 }, [6, 32], 'float16', true],
  [{ kind: 'columns', of: blocks, start: 32, count: 32 }, [6, 32], 'q8_0', false],
  [{ kind: 'padRows', of: blocks, rows: 2 }, [8, 64], 'q8_0', false],
  [{ kind: 'permuteRows', of: half, order: [2, 0] }, [2, 32], 'float16', false],
  [{ kind: 'transpose', of: half }, [32, 6], 'float16', false],
  [{ kind: 'stack', of: [half, half] }, [2, 6, 32], 'float16', false],
  [{ kind: 'concat', of: [half, blocks] }, [12, 32], 'float16', false],
  [{ kind: 'reshape', of: half, shape: [3, 2, 32] }, [3, 2, 32], 'float16', true],
  [{ kind: 'reshape', of: half, shape: [64, 3] }, [64, 3], 'float16', true],
  [{ kind: 'reshape', of: blocks, shape: [12, 32] }, [12, 32], 'q8_0', true],
  [{ kind: 'reshape', of: blocks, shape: [24, 16] }, [24, 16], 'q8_0', false],
  [{ kind: 'dequantise', of: half }, [6, 32], 'float32', false],
  [{ kind: 'dequantise', of: stored('float32', [2, 2]) }, [2, 2], 'float32', true],
  [{ kind: 'scaleBlocks', of: half, scales: stored('float32', [3, 2]), block: [2, 16] }, [6, 32], 'float32', false],
  [{ kind: 'packMxfp4', of: bytes([5, 3, 2, 16]), scales: bytes([5, 3, 2]) }, [5, 3, 64], 'mxfp4', false],
  [{ kind: 'random', seed: 1, stream: 's', mean: 0, std: 1, shape: [4] }, [4], 'float32', false],
])('%j', (expr, shape, dtype, view) => {
  expect([shapeOf(expr), dtypeOf(expr), isView(expr)]).toEqual([shape, dtype, view]);
});

test('rows of rows of a view are a view of the right bytes', () => {
  const inner: WeightExpr = { kind: 'rows', of: blocks, start: 1, count: 4, step: 1 };
  const outer: WeightExpr = { kind: 'rows', of: inner, start: 2, count: 1, step: 1 };
  expect(asView(outer)).toEqual({ file: 'f', offset: 100 + 3 * 68, bytes: 68, dtype: 'q8_0', shape: [1, 64] });
});
