import { ttBackend } from '@tttv2/backend-tt';
import { type HardwareConfig, type ModelSpec, uniformModelSpec } from '@tttv2/spec';
import { stepOf } from '@tttv2/testing';
import { describe, expect, test } from 'vitest';
import { buildProgram } from './build-program.ts';
import { randomWeightSource } from './random-weight-source.ts';
import { interleaved, smallLlama } from './testing/small-llama.ts';

const models: readonly [string, ModelSpec, Omit<HardwareConfig, 'deviceType'>][] = [
  ['a llama of hidden 256, heads of 64', smallLlama, {}],
  [
    'the same in blocks, neighbours turned',
    interleaved(smallLlama),
    { weightDtype: 'bfloat8_b', kvCacheDtype: 'bfloat8_b' },
  ],
  [
    'SmolLM2-135M',
    uniformModelSpec({
      vocabSize: 49152,
      hiddenDim: 576,
      numLayers: 30,
      numHeads: 9,
      numKvHeads: 3,
      headDim: 64,
      intermediateDim: 1536,
      attentionType: 'grouped_query',
      useBias: false,
      tieEmbeddings: true,
    }),
    {},
  ],
];

/** Real ttnn checks every call and builds every program for a board that is not there; numbers are zeros. */
describe.each(['n150', 'p150'])('a mock %s', (device) => {
  const backend = ttBackend({ mode: 'acceptance' });
  test.each(models)('accepts %s, prompts and decode, and refuses what no board can run', async (_, spec, settings) => {
    const hardware = { ...settings, deviceType: device };
    const program = buildProgram(spec, backend, hardware);
    const executable = await backend.compile(program, randomWeightSource(spec, 0), hardware);
    const [product, l1] = executable.refusals;
    expect(product).toContain('Mismatch: width=64 height=96');
    expect(l1).toMatch(/^Out of Memory: Not enough space to allocate 268435456 B L1 buffer/);
    const state = executable.createState({ maxSequences: 3, totalTokens: 192, tokensPerSequence: 64 });
    const prompts = [
      { slot: 0, ids: Array.from({ length: 40 }, (_, i) => i) },
      { slot: 2, ids: [5, 6, 7] },
    ];
    const { mode, logits } = await executable.run(state, stepOf(state, prompts, { logits: [39, 42] }));
    expect(mode).toBe('acceptance');
    expect(logits?.shape).toEqual([2, spec.vocabSize]);
    expect(logits?.data.every((number) => number === 0)).toBe(true);
    for (let i = 0; i < 3; i++) {
      const tokens = [0, 2].map((slot) => ({ slot, ids: [i] }));
      const decoded = await executable.run(state, stepOf(state, tokens, { logits: [0, 1] }));
      expect(decoded).toMatchObject({ mode: 'acceptance', logits: { shape: [2, spec.vocabSize] } });
    }
    await executable.dispose();
  });

  test('refuses by name heads that are no whole tiles', () => {
    const spec = uniformModelSpec({ vocabSize: 50, hiddenDim: 64, numLayers: 1, numHeads: 4, intermediateDim: 64 });
    expect(() => buildProgram(spec, backend, { deviceType: device })).toThrow(
      `${device} cannot run attention at layers.0/mixer: its heads have 16 dimensions`,
    );
  });
});
