import type { Executable, StepResult } from '@tttv2/graph';
import { stepOf } from '@tttv2/testing';

/**
 * Outputs of scopes and logits through four steps, by what they are: two prompts of unequal length, then three times a
 * token of both users. For vocabularies of 256 and more.
 */
export async function twoUsers(executable: Executable, taps: readonly string[]): Promise<Record<string, Float32Array>> {
  const state = executable.createState({ maxSequences: 4, totalTokens: 256, tokensPerSequence: 64 });
  const long = Array.from({ length: 37 }, (_, i) => (i * 31 + 5) % 256);
  const results: Record<string, Float32Array> = {};
  const keep = (step: number, { logits, taps: tapped }: StepResult) => {
    for (const scope of taps) results[`${scope} of step ${step}`] = tapped[scope]?.data.slice() ?? new Float32Array();
    results[`logits of step ${step}`] = logits?.data.slice() ?? new Float32Array();
  };
  const prompts = [
    { slot: 2, ids: long },
    { slot: 0, ids: [9, 8, 7, 6, 5] },
  ];
  keep(0, await executable.run(state, stepOf(state, prompts, { logits: [36, 41], taps })));
  for (const step of [1, 2, 3]) {
    const tokens = [
      { slot: 0, ids: [step * 3] },
      { slot: 2, ids: [step * 5] },
    ];
    keep(step, await executable.run(state, stepOf(state, tokens, { logits: [0, 1], taps })));
  }
  state.dispose();
  return results;
}
