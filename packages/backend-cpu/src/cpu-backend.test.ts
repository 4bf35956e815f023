import { availableParallelism } from 'node:os';
import { type Executable, GraphBuilder } from '@tttv2/graph';
import { DoesNotFitError, type HardwareConfig } from '@tttv2/spec';
import {
  backendContract,
  type ContractCase,
  memoryWeights,
  randomTensors,
  SideBySide,
  stepOf,
  tinyDecoder,
} from '@tttv2/testing';
import { describe, expect, test } from 'vitest';
import { cpuBackend } from './index.ts';

/** The cases that a setting has something to do with. One thread is enough for most: more spin while they wait. */
function casesWith(hardware: Partial<HardwareConfig>, about: RegExp, tolerance = 1e-5): ContractCase[] {
  const config = { deviceType: 'cpu', threads: 1, ...hardware };
  return backendContract({ backend: cpuBackend, hardware: config, tolerance }).filter(({ name }) => about.test(name));
}

describe('cpu', () => {
  for (const { name, run } of casesWith({}, /./)) test(name, run);
});

describe('cpu with a thread for each core', () => {
  const hardware = { threads: availableParallelism() };
  for (const { name, run } of casesWith(hardware, /^rotary.*, 9\]|^decoder|^lifecycle|^gated_delta|^select_keys/))
    test(name, run);
});

describe('cpu with flash attention', () => {
  for (const { name, run } of casesWith({ useFlashAttention: true }, /^attention|^decoder|^select_keys/))
    test(name, run);
});

describe('cpu without fused kernels', () => {
  const about = /^linear|^rms_norm|^layer_norm|^glu|^decoder/;
  for (const { name, run } of casesWith({ useFusedKernels: false }, about)) test(name, run);
});

/** Keys and values keep 11 bits, and through two layers some thirty of their roundings add up; a wrong cell costs far more. */
const float16Tolerance = 32 * 2 ** -11;

describe.each([false, true])('cpu with a float16 cache, flash attention %s', (useFlashAttention) => {
  const hardware = { kvCacheDtype: 'float16', useFlashAttention } as const;
  for (const { name, run } of casesWith(hardware, /^attention|^decoder/, float16Tolerance)) test(name, run);
});

/** Blocks of 32 numbers of up to 3 or so keep 8 or 4 bits: each is off by up to half a step, twice that after the softmax. */
describe.each([
  ['q8_0', 3 / 127],
  ['q4_0', 3 / 8],
] as const)('cpu with a cache in blocks of %s', (kvCacheDtype, step) => {
  const about = /^attention\(\[N, 2, 64\]/;
  for (const { name, run } of casesWith({ kvCacheDtype, useFlashAttention: true }, about, step)) test(name, run);
});

test('a step has as many tokens as the configuration says at most', async () => {
  const { graph, weights } = tinyDecoder();
  const program = { mesh: [1, 1] as [number, number], stages: [graph] };
  const executable = await cpuBackend.compile(program, weights, { deviceType: 'cpu', threads: 1, prefillChunk: 4 });
  expect(executable.limits.maxTokensPerStep).toBe(4);
  const state = executable.createState({ maxSequences: 1, totalTokens: 16, tokensPerSequence: 16 });
  const step = (count: number) => stepOf(state, [{ slot: 0, ids: Array.from({ length: count }, () => 1) }]);
  await executable.run(state, step(4));
  await expect(executable.run(state, step(5))).rejects.toThrow('a step has at most 4 tokens, found 5: split it');
  await executable.dispose();
});

test.each([null, 100])('attention over a prompt that is computed in tiles, window %s', async (window) => {
  const builder = new GraphBuilder('tiles');
  const [heads, headDim, vocab] = [32, 4, 16];
  const qkv = ['q', 'k', 'v'].map((name) => {
    const rows = builder.node('gather_rows', {}, [
      builder.parameter(name, [vocab, heads * headDim]),
      builder.input('tokens'),
    ]);
    return builder.node('reshape', { shape: ['N', heads, headDim] }, [rows]);
  });
  const cache = { kind: 'kv_cache', numKvHeads: heads, headDim, stored: null } as const;
  const attrs = {
    state: builder.state('cache', cache),
    scale: 0.5,
    mask: 'causal',
    window,
    chunk: null,
    softcap: null,
    hasSelection: false,
  } as const;
  const y = builder.scope('y', () =>
    builder.node('attention', attrs, [...qkv, builder.input('slot'), builder.input('cacheIndex')]),
  );
  const graph = builder.build({ y });
  const state = { maxSequences: 2, totalTokens: 400, tokensPerSequence: 300 };
  const hardware = { deviceType: 'cpu', threads: 1 };
  const pair = await SideBySide.start(
    { backend: cpuBackend, hardware, tolerance: 1e-5 },
    { graph, weights: memoryWeights(randomTensors(graph)), state },
  );
  const ids = (count: number) => Array.from({ length: count }, (_, i) => (i * 7) % vocab);
  // 300 tokens × 512 cells × 32 heads are three tiles, the second step two.
  await pair.run(
    [
      { slot: 0, ids: ids(200) },
      { slot: 1, ids: ids(100) },
    ],
    { taps: ['y'] },
  );
  await pair.run(
    [
      { slot: 1, ids: ids(90) },
      { slot: 0, ids: ids(10) },
    ],
    { taps: ['y'] },
  );
  await pair.dispose();
});

/** One wide attention over many tokens: a tenth of a second of work. */
async function compileHeavy(): Promise<Executable> {
  const builder = new GraphBuilder('heavy');
  const [width, heads] = [1024, 16];
  const x = builder.node('gather_rows', {}, [builder.parameter('table', [16, width]), builder.input('tokens')]);
  const products = [1, 2, 3].map((i) => builder.node('linear', {}, [x, builder.parameter(`w${i}`, [width, width])]));
  const split = products.map((value) => builder.node('reshape', { shape: ['N', heads, width / heads] }, [value]));
  const cache = { kind: 'kv_cache', numKvHeads: heads, headDim: width / heads, stored: null } as const;
  const attrs = {
    state: builder.state('cache', cache),
    scale: 0.1,
    mask: 'causal',
    window: null,
    chunk: null,
    softcap: null,
    hasSelection: false,
  } as const;
  const places = [builder.input('slot'), builder.input('cacheIndex')];
  const y = builder.scope('y', () => builder.node('attention', attrs, [...split, ...places]));
  const graph = builder.build({ y });
  const weights = memoryWeights(randomTensors(graph, { std: 0.03 }));
  return cpuBackend.compile({ mesh: [1, 1], stages: [graph] }, weights, { deviceType: 'cpu', threads: 1 });
}

test('a long step ends soon after it is aborted, and leaves no trace', async () => {
  const executable = await compileHeavy();
  const state = executable.createState({ maxSequences: 1, totalTokens: 512, tokensPerSequence: 512 });
  const step = stepOf(state, [{ slot: 0, ids: Array.from({ length: 512 }, (_, i) => i % 16) }], { taps: ['y'] });
  const start = performance.now();
  const whole = await executable.run(state, step);
  const duration = performance.now() - start;
  const expected = whole.taps.y?.data.slice();
  state.release(0);
  const controller = new AbortController();
  const running = executable.run(state, step, { signal: controller.signal });
  await new Promise((resolve) => setTimeout(resolve, duration / 5));
  const aborted = performance.now();
  controller.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
  // ggml asks between two nodes: the largest, a product, is less than half of the whole.
  expect(performance.now() - aborted).toBeLessThan(duration / 2);
  expect(state.length(0)).toBe(0);
  expect((await executable.run(state, step)).taps.y?.data).toEqual(expected);
  await executable.dispose();
});

test.each([
  { maxSequences: 1, totalTokens: 1e11, tokensPerSequence: 64 },
  { maxSequences: 1, totalTokens: Number.MAX_SAFE_INTEGER, tokensPerSequence: 64 },
  { maxSequences: 2 ** 40, totalTokens: 64, tokensPerSequence: 64 },
  { maxSequences: 1, totalTokens: 64, tokensPerSequence: 2 ** 40 },
])('a cache beyond all memory is refused: %j', async (options) => {
  const executable = await compileHeavy();
  expect(() => executable.createState(options)).toThrow(DoesNotFitError);
  await executable.dispose();
});
