import { expect, test } from 'vitest';
import type { StateRow, StateStore } from '../state-store.ts';
import { floats, floatTensor, type IntTensor } from '../tensor.ts';
import { attention } from './attention.ts';

function memory(): StateStore {
  const slots = new Map<number, StateRow[]>();
  return {
    read: (_state, slot) => slots.get(slot) ?? [],
    write: (_state, slot, index, row) => {
      slots.set(slot, Object.assign([...(slots.get(slot) ?? [])], { [index]: row }));
    },
  };
}

/** Token t has the keys `[t, t, …]` and the values `[10 t + kvHead, …]`; all queries are one. */
function attend(options: {
  heads: number;
  kvHeads: number;
  scale: number;
  window?: number | null;
  chunk?: number | null;
  slots: number[];
  places: number[];
  state?: StateStore;
  softcap?: number;
  sinks?: number[];
  /** For each token three others; -1: none. */
  selected?: number[];
}): number[] {
  const {
    heads,
    kvHeads,
    scale,
    window = null,
    chunk = null,
    slots,
    places,
    state = memory(),
    softcap = null,
    sinks,
  } = options;
  const tokens = slots.length;
  const vector = (numbers: number[]): IntTensor => ({
    dtype: 'int32',
    shape: [tokens],
    data: Int32Array.from(numbers),
  });
  const q = floatTensor([tokens, heads, 1], () => 1);
  const k = floatTensor([tokens, kvHeads, 1], (i) => Math.floor(i / kvHeads));
  const v = floatTensor([tokens, kvHeads, 1], (i) => 10 * Math.floor(i / kvHeads) + (i % kvHeads));
  const attrs = {
    state: 's',
    scale,
    mask: 'causal',
    window,
    chunk,
    softcap,
    hasSelection: options.selected !== undefined,
  } as const;
  const ofHeads = sinks === undefined ? [] : [floatTensor([heads], (i) => sinks[i] ?? 0)];
  const { selected } = options;
  const selection: IntTensor = { dtype: 'int32', shape: [tokens, 3], data: Int32Array.from(selected ?? []) };
  const extras = selected === undefined ? ofHeads : [...ofHeads, selection];
  const inputs = [q, k, v, vector(slots), vector(places), ...extras];
  return [...floats(attention.evaluate(attrs, inputs, { sizes: { N: tokens, R: 0 }, state })).data];
}

const one = { heads: 1, kvHeads: 1, slots: [0, 0, 0, 0], places: [0, 1, 2, 3] };

test('without a scale it is the mean of what a token sees', () => {
  expect(attend({ ...one, scale: 0 })).toEqual([0, 5, 10, 15]);
});

test('a window bounds what a token sees, itself included', () => {
  expect(attend({ ...one, scale: 0, window: 2 })).toEqual([0, 5, 15, 25]);
  expect(attend({ ...one, scale: 0, window: 1 })).toEqual([0, 10, 20, 30]);
});

test('a chunk bounds it, too: each token sees those of its own', () => {
  expect(attend({ ...one, scale: 0, chunk: 2 })).toEqual([0, 5, 20, 25]);
  expect(attend({ ...one, scale: 0, chunk: 3, window: 2 })).toEqual([0, 5, 15, 30]);
});

test('a selection bounds it, too, in any order', () => {
  const selected = [...[0, -1, -1], ...[0, -1, -1], ...[2, 0, -1], ...[3, 0, 2]];
  expect(attend({ ...one, scale: 0, selected })).toEqual([0, 0, 10, 50 / 3].map(Math.fround));
  expect(attend({ ...one, scale: 0, window: 2, selected: selected.with(3, 1) })).toEqual([0, 10, 20, 25]);
});

test('a large scale takes the best key', () => {
  expect(attend({ ...one, scale: 1000 })).toEqual([0, 10, 20, 30]);
  expect(attend({ ...one, scale: -1000 })).toEqual([0, 0, 0, 0]);
});

test('weighs values by the softmax of scaled products', () => {
  const e = Math.exp(0.5);
  expect(attend({ ...one, scale: 0.5 })[1]).toBeCloseTo((10 * e) / (1 + e), 5);
});

test('a cap bounds logits before the softmax', () => {
  const e = Math.exp(2 * Math.tanh(1000 / 2));
  expect(attend({ ...one, scale: 1000, softcap: 2 })[1]).toBeCloseTo((10 * e) / (1 + e), 5);
  expect(attend({ ...one, scale: 0.5, softcap: 1e6 })[3]).toBeCloseTo(attend({ ...one, scale: 0.5 })[3] ?? 0, 4);
});

test('a sink takes its share of the weights and gives nothing for it', () => {
  expect(attend({ ...one, scale: 0, sinks: [0] })).toEqual([0, 10 / 3, 30 / 4, 60 / 5].map(Math.fround));
  const two = { ...one, heads: 2, scale: 0, slots: [0, 0], places: [0, 1] };
  expect(attend({ ...two, sinks: [-1000, 1000] })).toEqual([0, 0, 5, 0]);
});

test('equal groups of heads share a KV head', () => {
  expect(attend({ ...one, heads: 4, kvHeads: 2, scale: 0, slots: [0], places: [0] })).toEqual([0, 0, 1, 1]);
});

test('sequences do not see each other, wherever their tokens lie in the step', () => {
  expect(attend({ ...one, scale: 0, slots: [0, 1, 0, 1], places: [0, 0, 1, 1] })).toEqual([0, 10, 10, 20]);
});

test('tokens of earlier steps are seen, those beyond the own place are not', () => {
  const state = memory();
  attend({ ...one, scale: 0, state });
  expect(attend({ ...one, scale: 0, slots: [0], places: [2], state })).toEqual([(0 + 10 + 0) / 3].map(Math.fround));
});
