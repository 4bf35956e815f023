import type { z } from 'zod';
import type { WeightNames } from './weight-names.ts';

/** For a schema's `superRefine`: a token cannot see more experts than there are. The keys are those that hold the counts. */
export function checkTopK<Key extends string, T extends Readonly<Record<Key, number>>>(
  config: T,
  [topK, experts]: [topK: Key, experts: Key],
  context: z.RefinementCtx<T>,
): void {
  if (config[topK] <= config[experts]) return;
  const message = `is ${config[topK]}, but ${experts} is ${config[experts]}`;
  context.addIssue({ code: 'custom', path: [topK], message });
}

/** What the matrices of one expert are called. */
interface ExpertNames {
  gate: string;
  up: string;
  down: string;
}

const usualNames: ExpertNames = { gate: 'gate_proj', up: 'up_proj', down: 'down_proj' };

/**
 * Names of the matrices of experts: one by one in the module `apart`, as the hub has them, or those of a layer in one in
 * `fused`, as transformers 5 holds them.
 */
export function expertWeights(apart: string, names: ExpertNames = usualNames, fused = apart): WeightNames {
  const places = (name: string, tensor: string, index: number | null) => [
    { tensor: `${apart}.{e}.${name}.weight` },
    { tensor: `${fused}.${tensor}`, ...(index === null ? {} : { part: { index, of: 2 } }) },
  ];
  return {
    'layers.{i}.ffn.experts.gate.weight': places(names.gate, 'gate_up_proj', 0),
    'layers.{i}.ffn.experts.up.weight': places(names.up, 'gate_up_proj', 1),
    'layers.{i}.ffn.experts.down.weight': places(names.down, 'down_proj', null),
  };
}
