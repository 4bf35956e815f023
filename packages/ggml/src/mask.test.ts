import { expect, test } from 'vitest';
import { fillMask } from './mask.ts';
import type { PreparedStep } from './prepared-step.ts';

/** Slot 0 holds cells 4, 1, 2 of which the last two are of this step; slot 1 holds cell 0, of this step. */
const step: PreparedStep = {
  tokens: Int32Array.of(7, 8, 9),
  positions: Int32Array.of(1, 2, 0),
  slot: Int32Array.of(0, 0, 1),
  cacheIndex: Int32Array.of(1, 2, 0),
  logitRows: new Int32Array(),
  sequences: [
    { slot: 0, from: 0, count: 2 },
    { slot: 1, from: 2, count: 1 },
  ],
  cells: Int32Array.of(1, 2, 0),
  cellsOf: (slot) => (slot === 0 ? Int32Array.of(4, 1, 2) : Int32Array.of(0)),
  stateRows: { from: new Int32Array(), to: new Int32Array() },
};
const hidden = Number.NEGATIVE_INFINITY;

test.each([
  [null, [hidden, 0, hidden, hidden, 0], [hidden, 0, 0, hidden, 0]],
  [2, [hidden, 0, hidden, hidden, 0], [hidden, 0, 0, hidden, hidden]],
  [1, [hidden, 0, hidden, hidden, hidden], [hidden, hidden, 0, hidden, hidden]],
])('window %j: a token sees its own sequence up to itself', (window, first, second) => {
  const mask = new Float32Array(15);
  fillMask(mask, step, { visibleCells: 5, window, chunk: null });
  expect([...mask]).toEqual([...first, ...second, 0, hidden, hidden, hidden, hidden]);
});

test('a token sees its own chunk alone', () => {
  const mask = new Float32Array(15);
  fillMask(mask, step, { visibleCells: 5, window: null, chunk: 2 });
  const [second, third] = [
    [hidden, 0, hidden, hidden, 0],
    [hidden, hidden, 0, hidden, hidden],
  ];
  expect([...mask]).toEqual([...second, ...third, 0, hidden, hidden, hidden, hidden]);
});

test('the same in float16 bits', () => {
  const mask = new Uint16Array(15);
  fillMask(mask, step, { visibleCells: 5, window: 1, chunk: null });
  expect([...mask].map((bits) => (bits === 0 ? '.' : bits.toString(16))).join(' ')).toBe(
    'fc00 . fc00 fc00 fc00 fc00 fc00 . fc00 fc00 . fc00 fc00 fc00 fc00',
  );
});
