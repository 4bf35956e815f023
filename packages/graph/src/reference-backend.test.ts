import { UnsupportedHardwareError } from '@tttv2/spec';
import { expect, test } from 'vitest';
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

test('is one device', async () => {
  const stage = affineOfTokens();
  for (const program of [
    { mesh: [1, 2] as [number, number], stages: [stage] },
    { mesh: [1, 1] as [number, number], stages: [stage, stage] },
  ])
    await expect(referenceBackend.compile(program, noWeights, hardware)).rejects.toThrow(UnsupportedHardwareError);
});
