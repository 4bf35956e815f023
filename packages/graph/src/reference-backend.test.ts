import { expect, test } from 'vitest';
import type { Program } from './backend.ts';
import { GraphBuilder } from './builder.ts';
import type { Graph } from './graph.ts';
import { referenceBackend } from './reference-backend.ts';
import type { WeightSource } from './weight-source.ts';

const hardware = { deviceType: 'reference' };
const noWeights: WeightSource = {
  files: new Map(),
  names: () => [],
  describe: (name) => ({ kind: 'random', seed: 1, stream: name, mean: 2, std: 0, shape: [3] }),
  close: async () => {},
};

function affineOfTokens(): Graph {
  const builder = new GraphBuilder('g');
  const numbers = builder.node('to_float', {}, [builder.input('tokens')]);
  const y = builder.scope('scaled', () => builder.node('affine', { scale: 2, offset: 1 }, [numbers]));
  return builder.build({ y, logits: builder.parameter('w', [3]) });
}

test('computes what the ops say', async () => {
  const executable = await referenceBackend.compile({ mesh: [1, 1], stages: [affineOfTokens()] }, noWeights, hardware);
  const state = executable.createState({ maxSequences: 1, totalTokens: 4, tokensPerSequence: 4 });
  const { logits, taps } = await executable.run(state, {
    tokens: Int32Array.of(7, 3),
    positions: Int32Array.of(0, 1),
    sequences: [{ slot: 0, from: 0, count: 2 }],
    want: { logits: Int32Array.of(0), taps: ['scaled'] },
  });
  expect(taps).toEqual({ scaled: { dtype: 'float32', shape: [2], data: Float32Array.of(15, 7) } });
  expect(logits?.data).toEqual(Float32Array.of(2, 2, 2));
  expect(executable.memory().ownWeights).toBe(12);
});

test('stages run one after the other, and give one the next what it reads', async () => {
  const type = { dtype: 'float32', shape: ['N'] } as const;
  const first = new GraphBuilder('first');
  const numbers = first.node('to_float', {}, [first.input('tokens')]);
  const given = first.build({ numbers });
  const second = new GraphBuilder('second');
  const x = second.receive('numbers', { ...type, shape: ['N'] });
  const y = second.scope('scaled', () => second.node('affine', { scale: 2, offset: 1 }, [x]));
  const program = { mesh: [1, 2] as [number, number], stages: [given, second.build({ y })] };
  const executable = await referenceBackend.compile(program, noWeights, hardware);
  const state = executable.createState({ maxSequences: 1, totalTokens: 4, tokensPerSequence: 4 });
  const { logits, taps } = await executable.run(state, {
    tokens: Int32Array.of(7, 3),
    positions: Int32Array.of(0, 1),
    sequences: [{ slot: 0, from: 0, count: 2 }],
    want: { taps: ['scaled'] },
  });
  expect(taps.scaled?.data).toEqual(Float32Array.of(15, 7));
  expect(logits).toBeNull();
});

/** Two products, cut between them; logits of 3, in parts of `part`. */
function products(devices: number): Graph {
  const cut = (axis: number, size: number) => ({ sharding: { axis, meshAxis: 1, size } as const });
  const builder = new GraphBuilder('g');
  const table = builder.parameter('table', [5, 4]);
  const x = builder.node('gather_rows', {}, [table, builder.input('tokens')]);
  const y = builder.scope('ffn', () => {
    const up = builder.parameter('up', [8 / devices, 4], null, cut(0, 8));
    const wide = builder.scope('up', () => builder.node('matmul', {}, [x, up]));
    const down = builder.parameter('down', [4, 8 / devices], null, cut(1, 8));
    return builder.node('all_reduce', { meshAxis: 1 }, [builder.node('matmul', {}, [wide, down])]);
  });
  const rows = builder.node('gather_rows', {}, [y, builder.input('logitRows')]);
  const head = builder.parameter('head', [Math.ceil(3 / devices), 4], null, cut(0, 3));
  const parts = builder.node('matmul', {}, [rows, head]);
  const joined = builder.node('all_gather', { meshAxis: 1, devices }, [parts]);
  return builder.build({ logits: builder.node('slice', { start: 0, length: 3 }, [joined]) });
}

const productWeights: WeightSource = {
  ...noWeights,
  describe: (name) => {
    const shape = { table: [5, 4], up: [8, 4], down: [4, 8], head: [3, 4] }[name] ?? [];
    return { kind: 'random', seed: 1, stream: name, mean: 0, std: 1, shape };
  },
};

test('devices of a mesh compute together what one computes alone, each with its part', async () => {
  const run = async (devices: number) => {
    const program: Program = { mesh: [1, devices], stages: [products(devices)] };
    const executable = await referenceBackend.compile(program, productWeights, hardware);
    const state = executable.createState({ maxSequences: 1, totalTokens: 4, tokensPerSequence: 4 });
    const step = (scope: string) => ({
      tokens: Int32Array.of(2, 3),
      positions: Int32Array.of(0, 1),
      sequences: [{ slot: 0, from: 0, count: 2 }],
      want: { logits: Int32Array.of(1), taps: [scope] },
    });
    const { logits, taps } = await executable.run(state, step('ffn'));
    const cut = executable.run(state, step('ffn/up'));
    if (devices > 1)
      await expect(cut).rejects.toThrow('"ffn/up" lies in parts on 1×2 devices: tap the scope around it');
    return {
      logits: [...(logits?.data ?? [])],
      tap: [...(taps.ffn?.data ?? [])],
      bytes: executable.memory().ownWeights,
    };
  };
  const [one, two] = [await run(1), await run(2)];
  expect(two.logits.map((value) => value.toFixed(5))).toEqual(one.logits.map((value) => value.toFixed(5)));
  expect(two.tap.map((value) => value.toFixed(5))).toEqual(one.tap.map((value) => value.toFixed(5)));
  // The table on both, and a row of zeros below the head.
  expect(two.bytes - one.bytes).toBe(4 * (5 * 4 + 4));
});
