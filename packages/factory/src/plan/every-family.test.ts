import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cpuBackend } from '@tttv2/backend-cpu';
import { stepOf } from '@tttv2/testing';
import { expect, test } from 'vitest';
import { createModelFactory } from '../model-factory.ts';
import { goldenFolder, goldenNames } from '../testing/golden.ts';
import { handWrittenModels } from '../testing/hand-written-models.ts';
import { planMemory } from './plan-memory.ts';

const factory = createModelFactory({ backends: [cpuBackend] });

test.each(goldenNames)('the plan for %s is what the CPU backend allocates', async (name) => {
  const config: unknown = JSON.parse(await readFile(join(goldenFolder(name), 'config.json'), 'utf8'));
  const spec = handWrittenModels[name]?.spec ?? factory.fromHuggingFace(config);
  const [cpu] = await cpuBackend.devices();
  if (cpu === undefined) throw new Error('there is no processor');
  const context = Math.min(300, spec.maxSeqLen ?? 300);
  const { need } = planMemory(spec, cpu, {
    ...{ context, weightDtype: 'bfloat16', stored: () => 'float32' },
    activationBytes: (_, step) => cpuBackend.activationBytes?.(step) ?? null,
  });
  const model = await factory.fromSpec(spec, { device: 'cpu', hardware: { weightDtype: 'bfloat16', threads: 1 } });
  const { executable } = model;
  const state = executable.createState({ maxSequences: 1, totalTokens: context, tokensPerSequence: context });
  const ids = Array.from({ length: context }, (_, i) => i % spec.vocabSize);
  const { positionAxes } = executable;
  await executable.run(state, stepOf(state, [{ slot: 0, ids }], { logits: [context - 1] }, { positionAxes }));
  const { ownWeights, mappedWeights, states, compute } = executable.memory();
  expect({ weights: need.weights, states: need.states, activations: need.activations }).toEqual({
    weights: ownWeights + mappedWeights,
    states,
    activations: compute,
  });
  state.dispose();
  await model.dispose();
});
