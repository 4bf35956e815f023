import { ttBackend } from '@tttv2/backend-tt';
import { referenceBackend } from '@tttv2/graph';
import type { ModelSpec } from '@tttv2/spec';
import { maxAbsError, pcc } from '@tttv2/testing';
import { expect, test } from 'vitest';
import { createModelFactory } from './index.node.ts';
import { interleaved, smallLlama } from './testing/small-llama.ts';
import { twoUsers } from './testing/two-users.ts';

const poison = { token: 300, rotary: 1e4, cache: Number.NaN };
const factory = createModelFactory({ backends: [ttBackend({ mode: 'reference', padding: poison }), referenceBackend] });
const taps = ['layers.0/mixer/v', 'layers.0/mixer/q', 'layers.0/mixer', 'layers.0', 'layers.1'];
const layouts: readonly [string, string, ModelSpec][] = [
  ['halves', 'experimental.rotary_embedding_hf', smallLlama],
  ['neighbours', 'experimental.rotary_embedding_llama', interleaved(smallLlama)],
];

/** Heads of whole tiles go through ttnn's own ops for them, which the goldens of transformers (heads of 16) do not. */
test.each(layouts)('heads whose %s are turned: every step of two users', async (_, rotary, spec) => {
  const on = (device: string, weightDtype: 'float32' | 'bfloat16' | 'bfloat8_b') =>
    factory.fromSpec(spec, { device, seed: 5, hardware: { weightDtype } });
  await using reference = await on('reference', 'float32');
  const expected = await twoUsers(reference.executable, taps);
  for (const weightDtype of ['float32', 'bfloat16', 'bfloat8_b'] as const) {
    await using model = await on('n150', weightDtype);
    const found = await twoUsers(model.executable, taps);
    for (const [what, numbers] of Object.entries(expected)) {
      const actual = found[what] ?? new Float32Array();
      if (weightDtype === 'float32') expect(maxAbsError(actual, numbers), what).toBeLessThan(1e-4);
      else expect(pcc(actual, numbers), `${what} in ${weightDtype}`).toBeGreaterThan(0.999);
    }
    expect(callsOf(model.executable)).toEqual(
      expect.arrayContaining([
        rotary,
        'experimental.nlp_create_qkv_heads',
        'experimental.nlp_create_qkv_heads_decode',
        'experimental.nlp_concat_heads',
      ]),
    );
  }
});

function callsOf(executable: object): string[] {
  return 'calls' in executable &&
    typeof executable.calls === 'object' &&
    executable.calls !== null &&
    'byName' in executable.calls
    ? Object.keys(executable.calls.byName ?? {})
    : [];
}
