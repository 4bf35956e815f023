import type { ModelSpec } from '@tttv2/spec';

/** What transformers gives for `output_hidden_states`, before what leaves the final norm: what enters each layer, or leaves it. */
export type HiddenStates = 'inputs' | 'outputs';

/**
 * Scopes of a model's graph whose outputs are `hidden_states[0]`, `[1]`, … of transformers. There is one more than there
 * are layers, and the last is normed: of what enters layers, that is in the place of the last layer's own output.
 */
export function hiddenStateScopes({ layers, embeddingNorm, finalNorm }: ModelSpec, of: HiddenStates): string[] {
  const outputs = layers.map((_, i) => `layers.${i}`);
  const normed = finalNorm === null ? outputs.slice(-1) : ['finalNorm'];
  if (of === 'outputs') return [...outputs, ...normed];
  return [embeddingNorm === null ? 'embedding' : 'embeddingNorm', ...outputs.slice(0, -1), ...normed];
}
