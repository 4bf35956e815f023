import { expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import { cachePlaces, indexBounds } from './check-step.ts';

test('the smallest table that an input chooses from bounds it', () => {
  const builder = new GraphBuilder('g');
  const [tokens, slot] = [builder.input('tokens'), builder.input('slot')];
  const x = builder.node('gather_rows', {}, [builder.parameter('large', [9, 2]), tokens]);
  builder.node('gather_rows', {}, [builder.parameter('small', [5, 2]), tokens]);
  builder.node('gather_rows', {}, [builder.parameter('middle', [7, 2]), tokens]);
  builder.node('gather_rows', {}, [builder.node('constant', { shape: [3, 1], data: [1, 2, 3] }, []), slot]);
  builder.node('gather_rows', {}, [x, builder.input('logitRows')]);
  builder.node('gather_rows', {}, [builder.parameter('places', [6, 2]), builder.input('positions')]);
  expect(indexBounds(builder.build({}))).toEqual({ tokens: 5, slot: 3, positions: 6 });
});

test('tokens go to the places after what their sequences hold', () => {
  const lengths = [4, 0, 7];
  const state = {
    length: (slot: number) => lengths[slot] ?? 0,
    truncate: () => false,
    fork: () => false,
    release: () => {},
    dispose: () => {},
  };
  const places = cachePlaces(state, {
    tokens: Int32Array.of(1, 2, 3, 4),
    positions: Int32Array.of(0, 0, 0, 0),
    sequences: [
      { slot: 2, from: 0, count: 3 },
      { slot: 1, from: 3, count: 1 },
    ],
    want: {},
  });
  expect(places).toEqual({ slot: Int32Array.of(2, 2, 2, 1), cacheIndex: Int32Array.of(7, 8, 9, 0) });
});
