import { cpuBackend } from '@tttv2/backend-cpu';
import { buildModel } from '@tttv2/blocks';
import { type Backend, type Executable, type Graph, referenceBackend } from '@tttv2/graph';
import type { HardwareConfig } from '@tttv2/spec';
import { maxAbsError, stepOf } from '@tttv2/testing';
import { describe, expect, test } from 'vitest';
import { applyPasses, passesFor } from '../build-program.ts';
import { golden, goldenSource } from '../testing/golden.ts';

/** Sums are in another order, no more: the evaluator computes in float32 whatever a graph asks to be stored. */
const tolerance = 1e-5;

const settings: [what: string, backend: Backend, hardware: Omit<HardwareConfig, 'deviceType'>][] = [
  ['types and ops taken apart', cpuBackend, { weightDtype: 'int8', precision: 'performance', useFusedKernels: false }],
  ['fused ops', cpuBackend, { useFusedKernels: true }],
  ['two devices', referenceBackend, { tensorParallelSize: 2 }],
  ['two stages', referenceBackend, { pipelineParallelSize: 2 }],
  ['two stages on two devices each', referenceBackend, { pipelineParallelSize: 2, tensorParallelSize: 2 }],
];

describe.each(['llama', 'qwen3', 'gemma3_text', 'gpt2'])('%s', (name) => {
  test.each(settings)('after each pass the logits are those of before: %s', async (_, backend, given) => {
    await using source = await goldenSource(name);
    const { ids } = await golden(name);
    const hardware = { ...given, deviceType: backend.name };
    const logitsOf = async (stages: Graph[], devices: number) => {
      const program = { mesh: [1, devices] as [number, number], stages };
      const executable = await referenceBackend.compile(program, source.weights, { deviceType: 'reference' });
      return lastLogits(executable, ids);
    };
    let stages = [buildModel(source.spec)];
    const before = await logitsOf(stages, 1);
    const passes = passesFor(backend, hardware);
    expect(passes.length).toBeGreaterThan(2);
    let devices = 1;
    for (const pass of passes) {
      stages = stages.flatMap((graph) => applyPasses(graph, [pass]));
      if (pass.name === 'tensor-parallel') devices = hardware.tensorParallelSize ?? 1;
      expect(maxAbsError(await logitsOf(stages, devices), before), pass.name).toBeLessThan(tolerance);
    }
  });
});

async function lastLogits(executable: Executable, ids: readonly number[]): Promise<Float32Array> {
  const state = executable.createState({ maxSequences: 1, totalTokens: ids.length, tokensPerSequence: ids.length });
  const step = stepOf(state, [{ slot: 0, ids }], { logits: [0, ids.length - 1] });
  const { logits } = await executable.run(state, step);
  if (logits === null) throw new Error('the step asked for logits');
  const numbers = logits.data.slice();
  await executable.dispose();
  return numbers;
}
