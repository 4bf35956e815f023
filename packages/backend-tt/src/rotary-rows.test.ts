import { type FloatTensor, floats, floatTensor, ops, ropeFrequencies, type Tensor } from '@tttv2/graph';
import type { RopeSpec } from '@tttv2/spec';
import { maxAbsError, opCases } from '@tttv2/testing';
import { expect, test } from 'vitest';
import { turnMatrix } from './lower/rotary.ts';
import { fillRotaryRow } from './rotary-rows.ts';

const heads = 2;
/** One more than the lengths at which the scalings of the cases change. */
const tokens = 6;

function evaluated(rope: RopeSpec, x: FloatTensor, positions: number[]): Float32Array {
  const context = { sizes: { N: tokens, R: 0 }, state: { write: () => {}, read: () => [] } };
  const inputs: Tensor[] = [
    x,
    { dtype: 'int32', shape: [1, tokens], data: Int32Array.from(positions) },
    { dtype: 'int32', shape: [tokens], data: new Int32Array(tokens) },
  ];
  return floats(ops.rotary.evaluate(rope, inputs, context)).data;
}

/** `x · cos + (x · matrix) · sin`, with numbers left where the rows should be written. */
function byRows(rope: RopeSpec, x: FloatTensor, positions: number[], matrix: readonly number[]): Float32Array {
  const width = x.shape[2] ?? 0;
  const frequencies = ropeFrequencies(rope, 1 + Math.max(...positions));
  const rows = positions.map((position) => {
    const [cos, sin] = [new Float32Array(width).fill(7), new Float32Array(width).fill(7)];
    fillRotaryRow({ rope, frequencies, position: [position] }, cos, sin);
    return { cos, sin };
  });
  return floatTensor(x.shape, (i) => {
    const [token, column] = [Math.floor(i / (heads * width)), i % width];
    const turned = matrix
      .filter((_, at) => at % width === column)
      .reduce((sum, factor, k) => sum + factor * (x.data[i - column + k] ?? Number.NaN), 0);
    const { cos, sin } = rows[token] ?? {};
    return (x.data[i] ?? 0) * (cos?.[column] ?? Number.NaN) + turned * (sin?.[column] ?? Number.NaN);
  }).data;
}

function heads3d(width: number): FloatTensor {
  return floatTensor([tokens, heads, width], (i) => Math.sin(i * 1.7) + 0.1);
}

const cases = opCases.rotary.map(({ attrs, inputs: [x], firstPosition = 0 }) => ({
  rope: attrs,
  width: Number(x?.at(-1)),
  firstPosition,
  title: `${attrs.layout}, ${attrs.scaling.kind} from ${firstPosition}, ${attrs.rotaryDim} of ${x?.at(-1)}`,
}));

test('the cases are all scalings, in both layouts, whole and in part', () => {
  expect(new Set(cases.map(({ rope }) => rope.scaling.kind)).size).toBe(7);
  expect(new Set(cases.map(({ rope }) => rope.layout)).size).toBe(2);
  expect(new Set(cases.map(({ rope, width }) => rope.rotaryDim === width)).size).toBe(2);
});

test.each(cases)('$title: the rows turn heads as the op says', ({ rope, width, firstPosition }) => {
  const positions = Array.from({ length: tokens }, (_, i) => firstPosition + i);
  const x = heads3d(width);
  const found = byRows(rope, x, positions, turnMatrix(rope, width));
  expect(maxAbsError(found, evaluated(rope, x, positions))).toBeLessThan(1e-6);
});

test('the matrix of one tile turns each tile of a wider head: neighbouring pairs do not cross tiles', () => {
  const one = turnMatrix({ layout: 'interleaved', rotaryDim: 32 }, 32);
  const whole = turnMatrix({ layout: 'interleaved', rotaryDim: 96 }, 96);
  const tiled = Array.from({ length: 96 * 96 }, (_, i) => {
    const [row, column] = [Math.floor(i / 96), i % 96];
    return Math.floor(row / 32) === Math.floor(column / 32) ? one[(row % 32) * 32 + (column % 32)] : 0;
  });
  expect(whole).toEqual(tiled);
});
