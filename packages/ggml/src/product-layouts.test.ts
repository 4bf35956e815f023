import { type Executable, GraphBuilder } from '@tttv2/graph';
import { bytesOf, dtypes } from '@tttv2/spec';
import { expectClose, memoryWeights, randomTensors, stepOf } from '@tttv2/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { Engine } from './engine.ts';
import { compileGgml } from './executable.ts';
import { ProductLayouts } from './product-layouts.ts';

const engine = new Engine({ threads: 1 });
const layouts = new ProductLayouts(engine);
afterAll(() => engine.dispose());

const [vocab, width, inner] = [64, 64, 128];

/** Products with rows of two and of three dimensions, experts, and a table that is looked up and multiplied. */
function products() {
  const builder = new GraphBuilder('products');
  const matrix = (name: string, ...shape: number[]) => builder.parameter(name, shape, 'q4_0');
  const table = matrix('table', vocab, width);
  const rows = builder.node('gather_rows', {}, [table, builder.input('tokens')]);
  const wide = builder.node('linear', {}, [rows, matrix('wide', inner, width)]);
  const split = builder.node('reshape', { shape: ['N', 2, 64] }, [wide]);
  const turned = builder.node('matmul', {}, [split, matrix('turn', 64, 64)]);
  const joined = builder.node('linear', {}, [
    builder.node('reshape', { shape: ['N', inner] }, [turned]),
    matrix('narrow', width, inner),
  ]);
  const experts = [matrix('gate', 8, inner, width), matrix('up', 8, inner, width), matrix('down', 8, width, inner)];
  const scores = builder.node('linear', {}, [joined, builder.parameter('router', [8, width])]);
  const chosen = builder.node(
    'moe',
    {
      topK: 2,
      fn: 'silu',
      score: 'softmax',
      order: 'score_then_topk',
      normalize: true,
      scale: 1,
      groups: null,
      limit: null,
      upOffset: 0,
      scored: 'outputs',
      hasExpertScale: false,
      gated: true,
    },
    [joined, scores, ...experts],
  );
  const wanted = builder.node('gather_rows', {}, [chosen, builder.input('logitRows')]);
  return builder.build({ logits: builder.node('linear', {}, [wanted, table]) });
}

describe.skipIf(layouts.bufferTypeFor('q4_0', [64, 64]) === null)('on a processor with layouts for products', () => {
  const graph = products();
  const weights = memoryWeights(randomTensors(graph, { std: 0.3 }));
  const compile = (repack: boolean) =>
    compileGgml({ mesh: [1, 1], stages: [graph] }, weights, {
      device: 'cpu',
      threads: 1,
      kvCacheDtype: 'float32',
      settings: { isExact: false, useFlashAttention: false },
      hardware: { deviceType: 'cpu' },
      repack,
    });
  const logitsOf = async (executable: Executable) => {
    const state = executable.createState({ maxSequences: 1, totalTokens: 16, tokensPerSequence: 16 });
    const ids = [3, 1, 4, 1, 5, 9];
    const { logits } = await executable.run(state, stepOf(state, [{ slot: 0, ids }], { logits: [0, 5] }));
    if (logits === null) throw new Error('no logits');
    return { ...logits, data: logits.data.slice() };
  };

  test('products are the same, but for the order in which numbers of blocks are summed', async () => {
    const [plain, repacked] = [await compile(false), await compile(true)];
    expectClose(await logitsOf(repacked), await logitsOf(plain), 1e-3, 'logits');
    await Promise.all([plain.dispose(), repacked.dispose()]);
  });

  test('a matrix of products alone is held once, a table that is looked up as well twice', async () => {
    const [plain, repacked] = [await compile(false), await compile(true)];
    const again = repacked.memory().ownWeights - plain.memory().ownWeights;
    expect(again).toBe(bytesOf('q4_0', [vocab, width]));
    await Promise.all([plain.dispose(), repacked.dispose()]);
  });
});

test('numbers of 32 bits have no such layout, and rows that do not fill it neither', () => {
  expect(layouts.bufferTypeFor('float32', [64, 64])).toBeNull();
  expect(layouts.bufferTypeFor('q4_0', [3, 32])).toBeNull();
});

test.each(['q8_0', 'q4_0', 'q4_k', 'float16'] as const)(
  'its rules say of every matrix of %s what it takes',
  (dtype) => {
    const rules = layouts.rulesFor(dtype);
    const { elements } = dtypes[dtype];
    const shapes = [1, 3, 8, 24, 32, 40, 96, 160].flatMap((rows) =>
      [1, 3, 8].map((blocks) => [rows, blocks * elements * 4]),
    );
    for (const [rows = 1, columns = 1] of shapes) {
      const rule = rules.findLast(
        (one) => one.of === 'matrices' && rows % one.rows === 0 && columns % one.columns === 0,
      );
      const expected = rule === undefined ? 0 : (rows / rule.rows) * (columns / rule.columns) * rule.bytes;
      expect({ rows, columns, bytes: layouts.bytesOf(dtype, [rows, columns]) }).toEqual({
        rows,
        columns,
        bytes: expected,
      });
    }
  },
);
