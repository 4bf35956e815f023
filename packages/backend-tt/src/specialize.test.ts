import { GraphBuilder, type Step } from '@tttv2/graph';
import { stepOf, tinyDecoder } from '@tttv2/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Call } from './call.ts';
import { noPadding, type Padding, type Room, specialize } from './specialize.ts';
import { lowered } from './testing/lowered.ts';
import { TtState } from './tt-state.ts';

const program = lowered(tinyDecoder().graph);

/** A state in which the users have come this far. */
function stateOf(room: Room, lengths: readonly number[] = []): TtState {
  const options = { maxSequences: room.users, totalTokens: room.users * room.length, tokensPerSequence: room.length };
  const state = new TtState(options, room, () => {});
  state.advance(lengths.map((count, slot) => ({ slot, count })));
  return state;
}

interface Situation {
  room?: Room;
  /** Of each user. */
  lengths?: readonly number[];
  /** How many tokens each user adds. */
  added: Readonly<Record<number, number>>;
  logits?: readonly number[];
  padding?: Padding;
}

/** Calls for a step whose token ids are 100, 101, … */
function callsFor({ room = { users: 4, length: 128 }, lengths, added, logits = [], padding = noPadding }: Situation) {
  let next = 100;
  const additions = Object.entries(added).map(([slot, count]) => ({
    slot: Number(slot),
    ids: Array.from({ length: count }, () => next++),
  }));
  const state = stateOf(room, lengths);
  return specialize(program, state, stepOf(state, additions, { logits }), room, padding);
}

/** A call in short: whose prompt in how many rows, or what of each user. */
function inShort({ phase, user, tokens, arrays }: Call): string {
  return phase === 'prefill'
    ? `prompt of ${user}: ${tokens.filter((token) => token >= 0).length} in ${tokens.length}`
    : `decode: ${[...(arrays.cache_index?.data ?? [])].join(' ')}`;
}

test.each<[what: string, situation: Situation, calls: string[]]>([
  ['a prompt', { added: { 1: 5 } }, ['prompt of 1: 5 in 32']],
  ['a prompt of a whole bucket', { added: { 1: 64 } }, ['prompt of 1: 64 in 64']],
  ['a prompt of a token more', { added: { 1: 65 } }, ['prompt of 1: 65 in 128']],
  ['a prompt that fills its cache', { room: { users: 1, length: 96 }, added: { 0: 96 } }, ['prompt of 0: 96 in 96']],
  [
    'a prompt in a cache that is shorter than the next bucket',
    { room: { users: 1, length: 96 }, added: { 0: 70 } },
    ['prompt of 0: 70 in 96'],
  ],
  ['a single first token', { added: { 2: 1 } }, ['decode: -1 -1 0 -1']],
  ['the next token of all', { lengths: [3, 1, 4, 1], added: { 0: 1, 1: 1, 2: 1, 3: 1 } }, ['decode: 3 1 4 1']],
  [
    'a continuation of several tokens',
    { lengths: [0, 7], added: { 1: 3 } },
    ['decode: -1 7 -1 -1', 'decode: -1 8 -1 -1', 'decode: -1 9 -1 -1'],
  ],
  [
    'unequal continuations',
    { lengths: [5, 7, 2], added: { 0: 1, 1: 3, 2: 2 } },
    ['decode: 5 7 2 -1', 'decode: -1 8 3 -1', 'decode: -1 9 -1 -1'],
  ],
  [
    'prompts, a first token and a continuation',
    { lengths: [0, 7], added: { 0: 40, 1: 2, 2: 1, 3: 2 } },
    ['prompt of 0: 40 in 64', 'prompt of 3: 2 in 32', 'decode: -1 7 0 -1', 'decode: -1 8 -1 -1'],
  ],
])('%s', (_, situation, calls) => {
  expect(callsFor(situation).map(inShort)).toEqual(calls);
});

describe('rows', () => {
  test('of a prompt hold its tokens from the first on, then padding', () => {
    const [call] = callsFor({ added: { 0: 1, 1: 3 }, padding: { token: 7, rotary: 9 } });
    const rest = (value: number) => Array.from({ length: 29 }, () => value);
    expect(call?.arrays.tokens).toMatchObject({ dtype: 'int32', shape: [1, 32] });
    expect([...(call?.arrays.tokens?.data ?? [])]).toEqual([101, 102, 103, ...rest(7)]);
    expect([...(call?.tokens ?? [])]).toEqual([1, 2, 3, ...rest(-1)]);
    const { shape, data } = call?.arrays.cos ?? { shape: [], data: [] };
    expect(shape).toEqual([1, 1, 32, 8]);
    expect([...data.slice(0, 8)]).toEqual(Array(8).fill(1));
    expect(new Set(data.slice(3 * 8))).toEqual(new Set([9]));
  });

  test('of decode are the users, those that rest with padding', () => {
    const [call] = callsFor({ lengths: [0, 2], added: { 1: 1 }, padding: { token: 7, rotary: 9 } });
    expect(call?.arrays.tokens).toEqual({ dtype: 'int32', shape: [1, 4], data: Int32Array.of(7, 100, 7, 7) });
    expect(call?.arrays.cos?.shape).toEqual([1, 4, 1, 8]);
    expect([...(call?.arrays.cos?.data.slice(0, 8) ?? [])]).toEqual(Array(8).fill(9));
    expect(call?.arrays.cos?.data[8]).toBeCloseTo(Math.cos(2));
  });
});

describe('wanted logits', () => {
  /** Which rows of each call's logits are which of those wanted. */
  const logitsOf = (situation: Situation) => callsFor(situation).map(({ logits }) => [...logits]);

  test('of a prompt are the rows that it is asked for, in any order, twice too', () => {
    const situation = { added: { 0: 5 }, logits: [4, 0, 4, 2] };
    expect(logitsOf(situation)).toEqual([[0, 1, 2, 3].map((index) => [index, index])]);
    const rows = callsFor(situation)[0]?.arrays.rows;
    expect(rows).toEqual({ dtype: 'int32', shape: [1, 32], data: Int32Array.of(4, 0, 4, 2, ...Array(28).fill(0)) });
  });

  test('of a prompt may be more than a tile', () => {
    const [call] = callsFor({ added: { 0: 40 }, logits: Array.from({ length: 33 }, (_, i) => i) });
    expect(call?.arrays.rows?.shape).toEqual([1, 64]);
  });

  test('of decode are the rows of the users, in the round that has the token', () => {
    const situation = { lengths: [3, 3], added: { 0: 1, 1: 2 }, logits: [2, 0, 2, 1] };
    expect(logitsOf(situation)).toEqual([
      [
        [1, 0],
        [3, 1],
      ],
      [
        [0, 1],
        [2, 1],
      ],
    ]);
  });

  test('are numbers of rows of the step where the graph computes with them', () => {
    const builder = new GraphBuilder('rows');
    const rows = builder.scope('rows', () => builder.node('to_float', {}, [builder.input('logitRows')]));
    const room = { users: 3, length: 32 };
    const state = stateOf(room, [0, 0, 5]);
    const additions = [
      { slot: 0, ids: [7, 7, 7] },
      { slot: 2, ids: [7] },
      { slot: 1, ids: [7, 7] },
    ];
    const step = stepOf(state, additions, { logits: [5, 3, 1, 4] });
    const calls = specialize(lowered(builder.build({ rows })), state, step, room, noPadding);
    const numbers = calls.map(({ arrays, logits }) => [...logits].map(([i, row]) => [i, arrays.logit_rows?.data[row]]));
    expect(numbers).toEqual([
      [[2, 1]],
      [
        [0, 5],
        [3, 4],
      ],
      [[1, 3]],
    ]);
  });

  test('may be none', () => {
    expect(logitsOf({ lengths: [0, 3], added: { 0: 5, 1: 1 } })).toEqual([[], []]);
  });
});

const situation = fc
  .record({ users: fc.integer({ min: 1, max: 5 }), tiles: fc.integer({ min: 1, max: 5 }) })
  .chain(({ users, tiles }) => {
    const room = { users, length: 32 * tiles };
    const count = fc.oneof(fc.nat(3), fc.nat(room.length));
    const user = fc.tuple(fc.oneof(fc.constant(0), count), count).map(([before, added]) => ({
      before: Math.min(before, room.length),
      added: Math.max(0, Math.min(added, room.length - before)),
    }));
    return fc.record({
      room: fc.constant(room),
      facts: fc.array(user, { minLength: users, maxLength: users }),
      order: fc.shuffledSubarray([...Array(users).keys()], { minLength: users, maxLength: users }),
      logits: fc.array(fc.nat(), { maxLength: 10 }),
    });
  });

test('each token is computed once, in the order of its cache, in calls that fit', () => {
  fc.assert(
    fc.property(situation, ({ room, facts, order, logits }) => {
      const lengths = facts.map(({ before }) => before);
      const additions = order
        .map((slot) => ({ slot, ids: Array.from({ length: facts[slot]?.added ?? 0 }, (_, i) => slot * 1000 + i) }))
        .filter(({ ids }) => ids.length > 0);
      const total = additions.reduce((sum, { ids }) => sum + ids.length, 0);
      if (total === 0) return;
      const state = stateOf(room, lengths);
      const step: Step = stepOf(state, additions, { logits: logits.map((token) => token % total) });
      const calls = specialize(program, state, step, room, { token: 9, rotary: 3 });
      const seen = new Map<number, number[]>();
      for (const { phase, user, tokens, arrays } of calls) {
        if (phase === 'prefill') {
          expect(tokens.length % 32).toBe(0);
          expect(tokens.length).toBeLessThanOrEqual(room.length);
          expect(lengths[user ?? -1]).toBe(0);
        } else {
          expect([user, tokens.length]).toEqual([null, room.users]);
        }
        tokens.forEach((token, row) => {
          const slot = user ?? row;
          if (phase === 'decode') {
            const place = token < 0 ? -1 : (lengths[slot] ?? 0) + (seen.get(slot)?.length ?? 0);
            expect(arrays.cache_index?.data[row]).toBe(place);
          }
          expect(arrays.tokens?.data[row]).toBe(token < 0 ? 9 : step.tokens[token]);
          if (token >= 0) seen.set(slot, [...(seen.get(slot) ?? []), token]);
        });
        const padded = phase === 'prefill' ? tokens.indexOf(-1) : -1;
        if (padded >= 0) expect(new Set(tokens.subarray(padded))).toEqual(new Set([-1]));
      }
      for (const { slot, from, count } of step.sequences)
        expect(seen.get(slot)).toEqual(Array.from({ length: count }, (_, i) => from + i));
      const given = calls.flatMap(({ logits }) => [...logits.keys()]);
      expect(given.toSorted((a, b) => a - b)).toEqual([...logits.keys()]);
      for (const { phase, tokens, arrays, logits: rows } of calls)
        for (const [index, row] of rows)
          expect(tokens[phase === 'prefill' ? (arrays.rows?.data[row] ?? -1) : row]).toBe(step.want.logits?.[index]);
    }),
  );
});
