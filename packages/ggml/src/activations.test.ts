import { GraphBuilder } from '@tttv2/graph';
import { memoryWeights, randomTensors, stepOf } from '@tttv2/testing';
import { expect, test } from 'vitest';
import { compileGgml } from './executable.ts';

/** Rows of a table, squared: 4 kB a token. */
async function compile() {
  const builder = new GraphBuilder('g');
  const x = builder.node('gather_rows', {}, [builder.parameter('table', [16, 1024]), builder.input('tokens')]);
  const graph = builder.build({ y: builder.scope('y', () => builder.node('mul', {}, [x, x])) });
  return compileGgml({ mesh: [1, 1], stages: [graph] }, memoryWeights(randomTensors(graph)), {
    device: 'cpu',
    threads: 1,
    kvCacheDtype: 'float32',
    settings: { isExact: true, useFlashAttention: false },
    hardware: { deviceType: 'cpu' },
  });
}

const ids = (count: number, first: number) => Array.from({ length: count }, (_, i) => (first + i) % 16);

test('steps of all sizes share the memory of the largest, and compute what they would alone', async () => {
  const executable = await compile();
  const createState = () => executable.createState({ maxSequences: 1, totalTokens: 4096, tokensPerSequence: 4096 });
  const run = async (state: ReturnType<typeof createState>, count: number, first: number) => {
    const step = stepOf(state, [{ slot: 0, ids: ids(count, first) }], { taps: ['y'] });
    return (await executable.run(state, step)).taps.y?.data.slice();
  };
  const alone = async (count: number, first: number) => {
    const state = createState();
    const result = await run(state, count, first);
    const { compute } = executable.memory();
    state.dispose();
    return { result, compute };
  };
  const state = createState();
  const together: (Float32Array | undefined)[] = [];
  const counts = [1, 64, 8, 1, 200, 64, 8, 1, 100];
  for (const [i, count] of counts.entries()) together.push(await run(state, count, i));
  const { compute } = executable.memory();
  state.dispose();
  for (const [i, count] of counts.entries()) expect(together[i]).toEqual((await alone(count, i)).result);
  expect(compute).toBe((await alone(200, 4)).compute);
  await executable.dispose();
});
