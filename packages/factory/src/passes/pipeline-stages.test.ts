import { buildModel } from '@tttv2/blocks';
import { type Graph, kvCachesOf, type Program, referenceBackend } from '@tttv2/graph';
import { ffnSpec, layerSpec, type ModelSpec, mlaSpec, modelSpec, uniformModelSpec } from '@tttv2/spec';
import { maxAbsError, stepOf } from '@tttv2/testing';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../build-program.ts';
import { llama, runProgram, sixteenHeads, weightsOf } from '../testing/sixteen-heads.ts';

function programOf(spec: ModelSpec, pipelineParallelSize: number, tensorParallelSize = 1): Program {
  return buildProgram(spec, referenceBackend, { deviceType: 'reference', pipelineParallelSize, tensorParallelSize });
}

function stagesOf(spec: ModelSpec, count: number): Graph[] {
  return programOf(spec, count).stages;
}

describe.each(Object.entries(sixteenHeads))('%s', (_name, options) => {
  const spec = uniformModelSpec({ ...options, numLayers: 4 });
  const whole = runProgram(programOf(spec, 1), spec);

  test.each([
    [2, 1],
    [4, 1],
    [2, 2],
    [2, 4],
    [2, 8],
  ])('in %i stages on %i devices each the logits are those of one', async (stages, devices) => {
    const [one, many] = [await whole, await runProgram(programOf(spec, stages, devices), spec)];
    expect(one.logits.some((value) => Math.abs(value) > 1)).toBe(true);
    expect(maxAbsError(many.logits, one.logits)).toBeLessThan(1e-5);
  });
});

test('no stage begins with a layer that sees what an earlier one selected', async () => {
  const dims = {
    hiddenDim: 32,
    numHeads: 4,
    qLoraRank: 16,
    kvLoraRank: 16,
    qkNopeHeadDim: 8,
    qkRopeHeadDim: 4,
    vHeadDim: 8,
  };
  const own = { kind: 'own', numHeads: 8, headDim: 6, topK: 3, layout: 'half', normEps: 1e-6 } as const;
  const layers = [own, { kind: 'shared', topK: 3 } as const, own, own].map((selection) =>
    layerSpec({ attention: mlaSpec({ ...dims, selection }), ffn: ffnSpec({ hiddenDim: 32, intermediateDim: 48 }) }),
  );
  const spec = modelSpec({ vocabSize: 1003, hiddenDim: 32, layers });
  const received = stagesOf(spec, 3).flatMap((stage) => Object.keys(stage.received));
  expect(received).toEqual(['layers.1', 'layers.2']);
  expect(() => stagesOf(spec, 4)).toThrow('the model has 3 layers');
  const [one, many] = [await runProgram(programOf(spec, 1), spec), await runProgram(programOf(spec, 3, 2), spec)];
  expect(one.logits.some((value) => Math.abs(value) > 1)).toBe(true);
  expect(maxAbsError(many.logits, one.logits)).toBeLessThan(1e-5);
});

test('stages hold what they read, and hand over the hidden states alone', () => {
  const spec = uniformModelSpec({ ...llama, numLayers: 4, tieEmbeddings: true });
  const [first, second] = stagesOf(spec, 2);
  expect(first?.outputs).toEqual({ 'layers.1': first?.nodes.at(-1)?.id });
  expect(second?.received).toEqual({ 'layers.1': { dtype: 'float32', shape: ['N', 128] } });
  expect(Object.keys(second?.outputs ?? {})).toEqual(['logits']);
  const layersIn = (graph?: Graph) => kvCachesOf(graph ?? { states: {} }).map(([name]) => name.split('.')[1]);
  expect([layersIn(first), layersIn(second)]).toEqual([
    ['0', '1'],
    ['2', '3'],
  ]);
  const whole = Object.keys(buildModel(spec).parameters);
  const parts = [first, second].map((graph) => Object.keys(graph?.parameters ?? {}));
  expect(new Set(parts.flat())).toEqual(new Set(whole));
  // The embedding is the head, too.
  expect(parts[0]?.filter((name) => parts[1]?.includes(name))).toEqual(['embedding.weight']);
});

test('a head of many tokens leaves its stage fewer layers', () => {
  const spec = uniformModelSpec({ ...llama, numLayers: 6, vocabSize: 3000, tieEmbeddings: false });
  const counts = stagesOf(spec, 3).map((graph) => kvCachesOf(graph).length);
  expect(counts).toEqual([1, 4, 1]);
});

test('the output of a layer is there, in whatever stage it lies', async () => {
  const spec = uniformModelSpec({ ...llama, numLayers: 4 });
  const taps = ['layers.3', 'layers.0/mixer', 'embedding'];
  const tapsOf = async (stages: number) => {
    const executable = await referenceBackend.compile(programOf(spec, stages), weightsOf(spec), {
      deviceType: 'reference',
    });
    const state = executable.createState({ maxSequences: 1, totalTokens: 4, tokensPerSequence: 4 });
    const result = await executable.run(state, stepOf(state, [{ slot: 0, ids: [1, 2, 3] }], { logits: [2], taps }));
    return taps.map((scope) => result.taps[scope]?.data ?? new Float32Array());
  };
  const [one, many] = [await tapsOf(1), await tapsOf(4)];
  for (const [i, data] of one.entries()) expect(maxAbsError(many[i] ?? new Float32Array(), data)).toBeLessThan(1e-5);
  await expect(async () => {
    const executable = await referenceBackend.compile(programOf(spec, 2), weightsOf(spec), { deviceType: 'reference' });
    const state = executable.createState({ maxSequences: 1, totalTokens: 4, tokensPerSequence: 4 });
    await executable.run(state, stepOf(state, [{ slot: 0, ids: [1] }], { taps: ['layers.4'] }));
  }).rejects.toThrow('outermost are embedding, layers.0, layers.1, layers.2, layers.3');
});

test('more stages than layers are refused by name', () => {
  const refusal = {
    code: 'TTT_UNSUPPORTED_HARDWARE',
    field: 'pipelineParallelSize',
    message: 'reference: pipelineParallelSize is 3, but the model has 2 layers: use up to 2',
  };
  expect(() => programOf(uniformModelSpec(llama), 3)).toThrow(expect.objectContaining(refusal));
});
