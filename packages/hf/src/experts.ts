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
  const ours = (name: string) => `layers.{i}.ffn.experts.${name}.weight`;
  const [gate, up, down] = [ours('gate'), ours('up'), ours('down')];
  const one = (name: string) => ({ tensor: `${apart}.{e}.${name}.weight` });
  const gateUp = { tensor: `${fused}.gate_up_proj`, part: { of: [gate, up] } };
  return {
    [gate]: [one(names.gate), gateUp],
    [up]: [one(names.up), gateUp],
    [down]: [one(names.down), { tensor: `${fused}.down_proj` }],
  };
}
