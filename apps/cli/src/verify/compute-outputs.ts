import type { Model } from '@tttv2/factory';

/** What a model computes for a prompt: rows `[N, width]` of the outputs of scopes; `logits` stand for the model's own. */
export async function computeOutputs(
  { executable }: Model,
  ids: readonly number[],
  scopes: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, Float32Array>> {
  const [tokens, size] = [ids.length, executable.limits.maxTokensPerStep];
  const taps = scopes.filter((scope) => scope !== 'logits');
  const pieces = new Map<string, Float32Array[]>(scopes.map((scope) => [scope, []]));
  const state = executable.createState({ maxSequences: 1, totalTokens: tokens, tokensPerSequence: tokens });
  try {
    for (let from = 0; from < tokens; from += size) {
      const chunk = ids.slice(from, from + size);
      const step = {
        tokens: Int32Array.from(chunk),
        // On every axis, as for text.
        positions: Int32Array.from(
          { length: executable.positionAxes * chunk.length },
          (_, i) => from + (i % chunk.length),
        ),
        sequences: [{ slot: 0, from: 0, count: chunk.length }],
        want: { logits: Int32Array.from(chunk.keys()), taps },
      };
      const result = await executable.run(state, step, { signal });
      for (const [scope, parts] of pieces)
        parts.push((scope === 'logits' ? result.logits : result.taps[scope])?.data.slice() ?? new Float32Array());
    }
  } finally {
    state.dispose();
  }
  return new Map([...pieces].map(([scope, parts]) => [scope, joined(parts)]));
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
