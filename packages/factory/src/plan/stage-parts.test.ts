import { elementCount, referenceBackend } from '@tttv2/graph';
import { layerSpec, type ModelSpec, modelSpec, ssdSpec, uniformModelSpec } from '@tttv2/spec';
import { describe, expect, test } from 'vitest';
import { buildProgram } from '../build-program.ts';
import { llama, sixteenHeads } from '../testing/sixteen-heads.ts';
import { ModelLayouts, type Part } from './model-layout.ts';
import { stageParts } from './stage-parts.ts';

const mamba = modelSpec({
  ...{ vocabSize: 500, hiddenDim: 64, tieEmbeddings: true },
  layers: [0, 1, 2, 3].map(() =>
    layerSpec({ mixer: ssdSpec({ hiddenDim: 64, numHeads: 4, headDim: 32, stateDim: 16 }), ffn: null }),
  ),
});

/** Layers of each stage, and elements of all its parameters, as the pass cuts a model. */
function cut(spec: ModelSpec, stages: number, devices: number) {
  const hardware = { deviceType: 'reference', pipelineParallelSize: stages, tensorParallelSize: devices };
  return buildProgram(spec, referenceBackend, hardware).stages.map((graph) => ({
    states: Object.keys(graph.states).length,
    elements: sum(Object.values(graph.parameters).map(({ shape }) => elementCount(shape))),
  }));
}

function planned(spec: ModelSpec, stages: number, devices: number) {
  const { parts } = new ModelLayouts(spec).on(devices, 'reference');
  return stageParts(parts, stages, 'reference').map((own) => ({
    states: sum(own.map((part) => part.layers.length * part.states.length)),
    elements: sum(own.map((part) => Math.max(part.layers.length, 1) * elementsOf(part))),
  }));
}

function elementsOf({ parameters }: Part): number {
  return sum(parameters.map(({ shape }) => elementCount(shape)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

describe.each([
  ...Object.entries(sixteenHeads).map(
    ([name, options]) => [name, uniformModelSpec({ ...options, numLayers: 5 })] as const,
  ),
  ['mamba, tied', mamba] as const,
])('%s', (name, spec) => {
  test.each([2, 3, 4])('%i stages hold what the pass gives each', (stages) => {
    expect(planned(spec, stages, 1)).toEqual(cut(spec, stages, 1));
    if (name !== 'mamba, tied') expect(planned(spec, stages, 4)).toEqual(cut(spec, stages, 4));
  });
});

test('one stage is all there is', () => {
  const { parts } = new ModelLayouts(uniformModelSpec(llama)).on(1, 'reference');
  expect(stageParts(parts, 1, 'reference')).toEqual([parts]);
});
