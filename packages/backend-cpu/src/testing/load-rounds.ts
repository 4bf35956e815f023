import { GraphBuilder } from '@tttv2/graph';
import { memoryWeights, randomTensors, stepOf } from '@tttv2/testing';
import { cpuBackend } from '../index.ts';

/** Loads, runs and disposes of a graph with megabytes of weights, cache and activations; prints how many bytes are left behind. */
const [rounds = 0] = process.argv.slice(2).map(Number);
const [tokens, width] = [256, 1024];

const builder = new GraphBuilder('rounds');
const [slot, cacheIndex] = [builder.input('slot'), builder.input('cacheIndex')];
const x = builder.node('gather_rows', {}, [builder.parameter('table', [16, width]), builder.input('tokens')]);
const product = builder.node('linear', {}, [x, builder.parameter('weight', [width, width], 'q8_0')]);
const heads = builder.node('reshape', { shape: ['N', 8, width / 8] }, [product]);
const state = builder.state('cache', { kind: 'kv_cache', numKvHeads: 8, headDim: width / 8, stored: null });
const attrs = {
  state,
  scale: 0.1,
  mask: 'causal',
  window: null,
  chunk: null,
  softcap: null,
  hasSelection: false,
} as const;
const inputs = [heads, heads, heads, slot, cacheIndex];
const graph = builder.build({ y: builder.scope('y', () => builder.node('attention', attrs, inputs)) });
const weights = memoryWeights(randomTensors(graph));

async function round(): Promise<void> {
  const executable = await cpuBackend.compile({ mesh: [1, 1], stages: [graph] }, weights, {
    deviceType: 'cpu',
    threads: 1,
  });
  const memory = executable.createState({ maxSequences: 1, totalTokens: tokens, tokensPerSequence: tokens });
  const ids = Array.from({ length: tokens }, (_, i) => i % 16);
  await executable.run(memory, stepOf(memory, [{ slot: 0, ids }], { taps: ['y'] }));
  await executable.dispose();
}

function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

// The first rounds load libraries and compile this code.
for (let i = 0; i < 3; i++) await round();
const before = residentBytes();
for (let i = 0; i < rounds; i++) await round();
console.log(residentBytes() - before);
