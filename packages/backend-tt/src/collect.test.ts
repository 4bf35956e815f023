import type { Dim } from '@tttv2/graph';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Call } from './call.ts';
import { Collected } from './collect.ts';
import type { Value } from './python.ts';
import { plainShape } from './shapes.ts';

const size = fc.integer({ min: 1, max: 4 });

/** Shapes that the graph may give a value: a row for each token or wanted row, first or second, or none. */
const shape = fc.oneof(
  fc.tuple(fc.constantFrom<Dim>('N', 'R'), size),
  fc.tuple(fc.constantFrom<Dim>('N', 'R'), size, size),
  fc.tuple(fc.constantFrom<Dim>('N', 'R'), size, size, size),
  fc.tuple(size, fc.constantFrom<Dim>('N', 'R')),
  fc.tuple(size, fc.constantFrom<Dim>('N', 'R'), size),
  fc.constantFrom<Dim[]>(['N'], ['R']),
);

/** Of each of `count` rows the call that computes it, and how many rows of padding stand before it there. */
const places = (count: number) =>
  fc.array(fc.record({ call: fc.nat(3), gap: fc.nat(2) }), { minLength: count, maxLength: count });

const situation = fc
  .record({ dims: shape, count: fc.integer({ min: 1, max: 9 }), isHeads: fc.boolean(), seed: fc.nat() })
  .chain((facts) => places(facts.count).map((rows) => ({ ...facts, rows })));

/** An element's place in row-major order. */
function flatIndex(shape: readonly number[], index: readonly number[]): number {
  return shape.reduce((at, dim, axis) => at * dim + (index[axis] ?? 0), 0);
}

function indexesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, dim) => all.flatMap((index) => Array.from({ length: dim }, (_, i) => [...index, i])),
    [[]],
  );
}

test('rows come together from any calls, wherever they stood there', () => {
  fc.assert(
    fc.property(situation, ({ dims, count, isHeads, seed, rows }) => {
      const axis = dims.findIndex((dim) => typeof dim === 'string');
      const isWanted = dims[axis] === 'R';
      const order = isHeads && axis === 0 && dims.length === 3 ? 'heads' : 'plain';
      const whole = dims.map((dim) => (typeof dim === 'number' ? dim : count));
      const numberAt = (index: readonly number[]) => Math.fround(seed + flatIndex(whole, index) / 7);
      const collected = new Collected(dims, isWanted ? { N: 99, R: count } : { N: count, R: 99 });
      for (let call = 0; call <= 3; call++) {
        // −1: padding, in each call at least one row, at the end.
        const here = rows.flatMap(({ call: of, gap }, row) =>
          of === call ? [...Array.from({ length: gap }, () => -1), row] : [],
        );
        here.push(-1);
        const onDevice = whole.with(axis, here.length);
        const [one = 1, two = 1, three = 1] = onDevice;
        const laid = order === 'heads' ? [two, one, three] : onDevice;
        const data = new Float32Array(laid.reduce((product, dim) => product * dim, 1)).fill(Number.NaN);
        for (const index of indexesOf(onDevice)) {
          const row = here[index[axis] ?? 0] ?? -1;
          const [i = 0, j = 0, k = 0] = index;
          if (row >= 0) data[flatIndex(laid, order === 'heads' ? [j, i, k] : index)] = numberAt(index.with(axis, row));
        }
        const [a, b, c] = dims;
        const value: Value = {
          kind: 'value',
          hint: '',
          shape: order === 'heads' ? [1, b ?? 1, a ?? 1, c ?? 1] : plainShape(dims),
          order,
          memory: 'dram',
        };
        const logits = new Map(here.map((row, at) => [row, at] as const).filter(([row]) => row >= 0));
        const tokens = isWanted ? new Int32Array() : Int32Array.from(here);
        const made: Call = { phase: 'prefill', user: null, arrays: {}, tokens, logits: isWanted ? logits : new Map() };
        collected.add(made, value, data);
      }
      expect(collected.tensor.shape).toEqual(whole);
      expect([...collected.tensor.data]).toEqual(indexesOf(whole).map(numberAt));
    }),
    { numRuns: 500 },
  );
});

test('a value that no token changes is as any call gives it', () => {
  const collected = new Collected([2, 2], { N: 3, R: 0 });
  const call: Call = { phase: 'decode', user: null, arrays: {}, tokens: Int32Array.of(0), logits: new Map() };
  const value: Value = { kind: 'value', hint: '', shape: [1, 1, 2, 2], order: 'plain', memory: 'dram' };
  collected.add(call, value, Float32Array.of(1, 2, 3, 4));
  expect(collected.tensor).toEqual({ dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
});
