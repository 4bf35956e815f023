import { buildModel } from '@tttv2/blocks';
import { type Graph, referenceBackend, validate } from '@tttv2/graph';
import { uniformModelSpec } from '@tttv2/spec';
import { fuzzCase, maxAbsError } from '@tttv2/testing';
import { expect, test } from 'vitest';
import { randomWeightSource } from '../random-weight-source.ts';
import { selectRowsEarly } from './select-rows-early.ts';

const shape = { vocabSize: 50, hiddenDim: 16, numLayers: 2, numHeads: 2, intermediateDim: 24 };

async function logits(graph: Graph, spec: ReturnType<typeof uniformModelSpec>, rows: number[]): Promise<Float32Array> {
  const weights = randomWeightSource(spec, 3);
  const executable = await referenceBackend.compile({ mesh: [1, 1], stages: [graph] }, weights, {
    deviceType: 'reference',
  });
  const state = executable.createState({ maxSequences: 1, totalTokens: 8, tokensPerSequence: 8 });
  const { logits: found } = await executable.run(state, {
    tokens: Int32Array.of(4, 8, 15, 16),
    positions: Int32Array.of(0, 1, 2, 3),
    sequences: [{ slot: 0, from: 0, count: 4 }],
    want: { logits: Int32Array.from(rows) },
  });
  return found?.data ?? new Float32Array();
}

test.each([
  ['pre-norm', {}],
  ['post-norm', { preNorm: false }],
  ['layer norm, plain GELU', { normType: 'layer_norm', activation: 'gelu', useGate: false, useBias: true }],
] as const)('%s: the logits stay as they are', async (_, options) => {
  const spec = uniformModelSpec({ ...shape, ...options });
  const graph = buildModel(spec);
  for (const rows of [[3], [0, 2], [2, 2, 1]]) {
    expect(
      maxAbsError(await logits(validate(selectRowsEarly(graph)), spec, rows), await logits(graph, spec, rows)),
    ).toBeLessThan(1e-6);
  }
});

test('the end of the last layer is computed for the wanted rows alone', () => {
  const early = selectRowsEarly(buildModel(uniformModelSpec(shape)));
  const rowsOf = (scope: string) =>
    early.nodes.filter((node) => node.scope === scope && node.op !== 'gather_rows').map(({ type }) => type.shape[0]);
  expect(rowsOf('layers.1/ffn/down')).toEqual(['R']);
  expect(rowsOf('layers.1/mixer/k')).toEqual(['N', 'N', 'N']);
  expect(rowsOf('layers.0/ffn/down')).toEqual(['N']);
});

test('a graph that selects nothing stays as it is', () => {
  const graph = buildModel(uniformModelSpec(shape));
  const twice = selectRowsEarly(selectRowsEarly(graph));
  expect(twice).toEqual(selectRowsEarly(graph));
});

test('whatever the graph, what comes out is valid, and the passes agree', () => {
  const plain = { hardware: { deviceType: 'reference' }, stored: [null], cacheStored: [null], tolerance: null };
  for (let seed = 0; seed < 400; seed++) {
    const { graph } = fuzzCase(seed, [plain]);
    const early = validate(selectRowsEarly(graph));
    expect(Object.keys(early.outputs)).toEqual(Object.keys(graph.outputs));
    expect(selectRowsEarly(early)).toEqual(early);
  }
});
