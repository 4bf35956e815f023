import { buildModel } from '@tttv2/blocks';
import { type Backend, type Program, referenceBackend } from '@tttv2/graph';
import type { HardwareConfig, ModelSpec, UniformOptions } from '@tttv2/spec';
import { memoryWeights, randomTensors, stepOf } from '@tttv2/testing';

/** As llama has them: grouped heads, a gated feed-forward network, a vocabulary that nothing divides. */
export const llama: UniformOptions = {
  ...{ vocabSize: 1003, hiddenDim: 128, numLayers: 2, numHeads: 16, numKvHeads: 4, intermediateDim: 96 },
  ...{ useBiasQ: false, useBiasKv: false },
};
export const biased = { useBiasQ: true, useBiasKv: true, useBiasO: true, useBias: true };
/** Variations of it. */
export const sixteenHeads: Record<string, UniformOptions> = {
  llama,
  'llama, tied': { ...llama, tieEmbeddings: true },
  'llama with biases': { ...llama, ...biased },
  'llama, tied, with biases': { ...llama, ...biased, tieEmbeddings: true },
  'post-norm, layer norm, plain GELU': {
    ...{ ...llama, ...biased, normType: 'layer_norm', activation: 'gelu', useGate: false, preNorm: false },
  },
  'pre-norm, layer norm, plain GELU, heads of their own': {
    ...{ ...llama, numKvHeads: 16, normType: 'layer_norm', activation: 'gelu', useGate: false },
  },
};

/** Large enough for logits of about 1, so that errors show. */
export function weightsOf(spec: ModelSpec) {
  return memoryWeights(randomTensors(buildModel(spec), { seed: 5, std: 0.2 }));
}

/** Logits of a prefill of unequal sequences in one step, and of decode steps; then what memory they take. */
export async function runProgram(
  program: Program,
  spec: ModelSpec,
  backend: Backend = referenceBackend,
  hardware: HardwareConfig = { deviceType: 'reference' },
) {
  const executable = await backend.compile(program, weightsOf(spec), hardware);
  const state = executable.createState({ maxSequences: 3, totalTokens: 64, tokensPerSequence: 32 });
  const logits: number[] = [];
  const add = async (sequences: Record<number, number[]>, rows: number[]) => {
    const additions = Object.entries(sequences).map(([slot, ids]) => ({ slot: Number(slot), ids }));
    const result = await executable.run(state, stepOf(state, additions, { logits: rows }));
    logits.push(...(result.logits?.data ?? []));
  };
  await add({ 0: [1, 1002, 501, 7, 250], 1: [42], 2: [251, 252, 3] }, [4, 5, 8, 0]);
  await add({ 0: [5], 1: [1000], 2: [17] }, [0, 1, 2]);
  await add({ 2: [4], 0: [600, 601] }, [0, 2]);
  return { logits: Float32Array.from(logits), memory: executable.memory() };
}
