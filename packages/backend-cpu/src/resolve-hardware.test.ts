import { targetDtypes } from '@tttv2/ggml';
import { GraphBuilder } from '@tttv2/graph';
import { type HardwareConfig, hardwareConfigSchema, UnsupportedHardwareError } from '@tttv2/spec';
import { hardwarePage, memoryWeights, randomTensors } from '@tttv2/testing';
import { expect, test } from 'vitest';
import { cpuBackend, resolveHardware } from './index.ts';

/** A product, by weights that are stored as `stored`, and an attention. */
function parts(stored: 'float16' | null = null) {
  const builder = new GraphBuilder('g');
  const x = builder.node('gather_rows', {}, [builder.parameter('table', [8, 64], stored), builder.input('tokens')]);
  const heads = builder.node('reshape', { shape: ['N', 1, 64] }, [x]);
  const state = builder.state('cache', { kind: 'kv_cache', numKvHeads: 1, headDim: 64, stored: null });
  const attrs = {
    state,
    scale: 1,
    mask: 'causal',
    window: null,
    chunk: null,
    softcap: null,
    hasSelection: false,
  } as const;
  const inputs = [heads, heads, heads, builder.input('slot'), builder.input('cacheIndex')];
  const graph = builder.build({ y: builder.scope('y', () => builder.node('attention', attrs, inputs)) });
  return { graph, weights: memoryWeights(randomTensors(graph)) };
}

function resolve(config: Partial<HardwareConfig>, stored: 'float16' | null = null) {
  const { graph, weights } = parts(stored);
  return resolveHardware({ deviceType: 'cpu', ...config }, graph, weights, 6);
}

/** What the backend makes of each field that it honours: the configuration given, and what is in force. */
const honoured: { [Field in keyof HardwareConfig]?: [given: Partial<HardwareConfig>, inForce: object][] } = {
  deviceType: [[{}, { config: { deviceType: 'cpu', useFlashAttention: false, threads: 6, kvCacheDtype: 'float32' } }]],
  useFlashAttention: [
    [{}, { useFlashAttention: false }],
    [{ useFlashAttention: true }, { useFlashAttention: true, config: { useFlashAttention: true } }],
  ],
  kvCacheDtype: [
    [{}, { kvCacheDtype: 'float32' }],
    [{ kvCacheDtype: 'bfloat16' }, { kvCacheDtype: 'bfloat16', config: { kvCacheDtype: 'bfloat16' } }],
    [{ kvCacheDtype: 'q8_0' }, { kvCacheDtype: 'q8_0', useFlashAttention: true }],
  ],
  activationCheckpointing: [[{ activationCheckpointing: false }, { config: { activationCheckpointing: false } }]],
  tensorParallelSize: [[{ tensorParallelSize: 1 }, { threads: 6 }]],
  pipelineParallelSize: [[{ pipelineParallelSize: 1 }, { threads: 6 }]],
  weightDtype: [
    [{ weightDtype: 'int8' }, { config: { weightDtype: 'int8' } }],
    [{ weightDtype: 'q4_k' }, { config: { weightDtype: 'q4_k' } }],
  ],
  quantizeWeights: [[{ quantizeWeights: true }, { config: { quantizeWeights: true } }]],
  quantizeActivations: [[{ quantizeActivations: false }, { threads: 6 }]],
  useFusedKernels: [
    [{ useFusedKernels: true }, { config: { useFusedKernels: true } }],
    [{ useFusedKernels: false }, { config: { useFusedKernels: false } }],
  ],
  optimizeForInference: [[{ optimizeForInference: true }, { config: { optimizeForInference: true } }]],
  maxBatch: [[{ maxBatch: 2 }, { config: { maxBatch: 2 } }]],
  maxContext: [[{ maxContext: 100 }, { config: { maxContext: 100 } }]],
  prefillChunk: [[{ prefillChunk: 64 }, { config: { prefillChunk: 64 } }]],
  precision: [
    [{ precision: 'performance' }, { config: { precision: 'performance' } }],
    [{ precision: { wqkv: 'int8', activation: 'float32' } }, { config: { precision: { wqkv: 'int8' } } }],
  ],
  threads: [
    [{}, { threads: 6, config: { threads: 6 } }],
    [{ threads: 2 }, { threads: 2, config: { threads: 2 } }],
  ],
};

test('every field of a configuration has a line in the table', () => {
  expect(Object.keys(honoured).toSorted()).toEqual(Object.keys(hardwareConfigSchema.shape).toSorted());
});

test.each(Object.values(honoured).flat())('%j is in force', (given, inForce) => {
  expect(resolve(given)).toMatchObject(inForce);
});

test('weights of 16 bits get a cache of 16 bits, and fast forms', () => {
  expect(resolve({}, 'float16')).toMatchObject({ kvCacheDtype: 'float16', isExact: false, useFlashAttention: true });
  expect(resolve({})).toMatchObject({ kvCacheDtype: 'float32', isExact: true, useFlashAttention: false });
});

const refused: [given: Partial<HardwareConfig>, field: keyof HardwareConfig, nearest: string][] = [
  [{ activationCheckpointing: true }, 'activationCheckpointing', 'leave it out'],
  [{ tensorParallelSize: 2 }, 'tensorParallelSize', 'use 1'],
  [{ pipelineParallelSize: 4 }, 'pipelineParallelSize', 'use 1'],
  [{ quantizeActivations: true }, 'quantizeActivations', 'leave it out'],
  [{ weightDtype: 'bfloat8_b' }, 'weightDtype', 'use "int8"'],
  [{ weightDtype: 'bfloat4_b' }, 'weightDtype', 'use "int4"'],
  [{ kvCacheDtype: 'bfloat8_b' }, 'kvCacheDtype', 'use "q8_0"'],
  [{ kvCacheDtype: 'bfloat4_b' }, 'kvCacheDtype', 'use "q4_0"'],
  [{ kvCacheDtype: 'q8_0', useFlashAttention: false }, 'kvCacheDtype', 'needs useFlashAttention'],
  [{ threads: 100_000 }, 'threads', 'cores'],
  [{ prefillChunk: 1024 }, 'prefillChunk', '512 tokens at once at most'],
  [{ precision: { activation: 'bfloat16' } }, 'precision', 'leave it out'],
  [{ precision: { ff2: 'bfloat8_b' } }, 'precision', 'use "int8"'],
  [{ precision: { kv_cache: 'bfloat4_b' } }, 'precision', 'use "q4_0"'],
];

test.each(refused)('%j is refused by name, with what works', async (given, field, nearest) => {
  const { graph, weights } = parts();
  const loading = cpuBackend.compile({ mesh: [1, 1], stages: [graph] }, weights, { deviceType: 'cpu', ...given });
  await expect(loading).rejects.toThrow(UnsupportedHardwareError);
  await expect(loading).rejects.toMatchObject({ device: 'cpu', field, message: expect.stringContaining(nearest) });
});

test('the page of this backend says what becomes of every field', async () => {
  const fields = Object.entries(honoured).flatMap(([field, lines]) => [
    ...lines.map(([given]) => ({ field, given })),
    ...refused.filter(([, of]) => of === field).map(([given]) => ({ field, given })),
  ]);
  const lines = fields.map(({ field, given }) => ({ field, given, resolve: () => inForce(given) }));
  const page = [hardwarePage('a CPU', lines), ...rowsPage()].join('\n');
  await expect(page).toMatchFileSnapshot('../HARDWARE.md');
});

/** What matrices are held as, by the length of their rows. */
function rowsPage(): string[] {
  const lengths = [1024, 576, 40];
  const types = Object.entries({ int8: 'q8_0', int4: 'q4_0', q4_k: 'q4_k' } as const);
  return [
    '## Rows and blocks',
    '',
    'Types in blocks hold rows of whole blocks alone. What a matrix is held as where its rows are no whole blocks:',
    '',
    `| \`weightDtype\` | ${lengths.map((length) => `rows of ${length}`).join(' | ')} |`,
    `|${'---|'.repeat(lengths.length + 1)}`,
    ...types.map(
      ([named, dtype]) => `| \`${named}\` | ${lengths.map((length) => heldAs(dtype, length)).join(' | ')} |`,
    ),
    '',
  ];
}

function heldAs(wanted: 'q8_0' | 'q4_0' | 'q4_k', length: number): string | undefined {
  const builder = new GraphBuilder('g');
  builder.node('matmul', {}, [builder.parameter('x', [2, length]), builder.parameter('w', [3, length], wanted)]);
  const graph = builder.build({});
  return targetDtypes(graph, memoryWeights(randomTensors(graph))).get('w');
}

/** Six cores, float32 weights. */
function inForce(given: Partial<HardwareConfig>): HardwareConfig {
  return resolve(given).config;
}
