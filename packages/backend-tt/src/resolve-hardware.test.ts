import type { ExecutionMode } from '@tttv2/graph';
import { type HardwareConfig, UnsupportedHardwareError } from '@tttv2/spec';
import { hardwarePage } from '@tttv2/testing';
import { describe, expect, test } from 'vitest';
import { type ResolvedHardware, resolveHardware } from './resolve-hardware.ts';

interface Line {
  given: Partial<HardwareConfig>;
  mode?: ExecutionMode;
  /** What is in force; or what the refusal says. */
  outcome: { config?: Partial<HardwareConfig>; precision?: Partial<ResolvedHardware['precision']> } | string;
}

const floats = 'ttnn has float32, bfloat16, bfloat8_b and bfloat4_b';
const defaults = {
  deviceType: 'n150',
  useFlashAttention: true,
  weightDtype: 'bfloat16',
  kvCacheDtype: 'bfloat16',
  tensorParallelSize: 1,
  pipelineParallelSize: 1,
} as const;

/** What becomes of every field; one that is new does not compile without a line. */
const table: { readonly [Field in keyof Required<HardwareConfig>]: readonly Line[] } = {
  deviceType: [{ given: {}, outcome: { config: defaults } }],
  useFlashAttention: [
    { given: { useFlashAttention: true }, outcome: { config: defaults } },
    { given: { useFlashAttention: false }, outcome: 'has flash attention alone; leave it unset' },
  ],
  kvCacheDtype: [
    { given: { kvCacheDtype: 'bfloat8_b' }, outcome: { precision: { caches: 'bfloat8_b', weights: 'bfloat16' } } },
    { given: { kvCacheDtype: 'bfloat4_b' }, outcome: { config: { ...defaults, kvCacheDtype: 'bfloat4_b' } } },
    { given: { kvCacheDtype: 'q8_0' }, outcome: floats },
    { given: { kvCacheDtype: 'float16' }, outcome: floats },
  ],
  activationCheckpointing: [
    { given: { activationCheckpointing: false }, outcome: { config: defaults } },
    { given: { activationCheckpointing: true }, outcome: 'nothing is trained here; leave it unset' },
  ],
  tensorParallelSize: [
    { given: { tensorParallelSize: 1 }, outcome: { config: defaults } },
    { given: { tensorParallelSize: 2 }, outcome: 'one chip are lowered so far; use 1' },
  ],
  pipelineParallelSize: [
    { given: { pipelineParallelSize: 1 }, outcome: { config: defaults } },
    { given: { pipelineParallelSize: 2 }, outcome: 'one stage are lowered so far; use 1' },
  ],
  weightDtype: [
    {
      given: { weightDtype: 'bfloat4_b' },
      outcome: {
        config: { ...defaults, weightDtype: 'bfloat4_b' },
        precision: { weights: 'bfloat4_b', activations: 'bfloat16', caches: 'bfloat16' },
      },
    },
    {
      given: { weightDtype: 'float32' },
      mode: 'reference',
      outcome: { precision: { weights: 'float32', activations: 'float32', caches: 'float32' } },
    },
    {
      given: { weightDtype: 'float32', kvCacheDtype: 'bfloat16' },
      mode: 'reference',
      outcome: { precision: { activations: 'float32', caches: 'bfloat16' } },
    },
    { given: { weightDtype: 'float32' }, outcome: 'use bfloat16, or the reference mode' },
    { given: { weightDtype: 'float32' }, mode: 'acceptance', outcome: 'use bfloat16, or the reference mode' },
    { given: { weightDtype: 'int8' }, outcome: floats },
    { given: { weightDtype: 'q4_k' }, outcome: floats },
  ],
  quantizeWeights: [
    { given: { quantizeWeights: false }, outcome: { config: defaults } },
    { given: { quantizeWeights: true, weightDtype: 'bfloat8_b' }, outcome: { precision: { weights: 'bfloat8_b' } } },
    { given: { quantizeWeights: true }, outcome: 'name weightDtype bfloat8_b' },
  ],
  quantizeActivations: [
    { given: { quantizeActivations: false }, outcome: { config: defaults } },
    { given: { quantizeActivations: true }, outcome: 'activations are bfloat16 here; leave it unset' },
  ],
  useFusedKernels: [
    { given: { useFusedKernels: true }, outcome: { config: { ...defaults, useFusedKernels: true } } },
    { given: { useFusedKernels: false }, outcome: { config: { ...defaults, useFusedKernels: false } } },
  ],
  optimizeForInference: [
    { given: { optimizeForInference: true }, outcome: { config: { ...defaults, optimizeForInference: true } } },
    { given: { optimizeForInference: false }, outcome: { config: { ...defaults, optimizeForInference: false } } },
  ],
  maxBatch: [
    { given: { maxBatch: 32 }, outcome: { config: { ...defaults, maxBatch: 32 } } },
    { given: { maxBatch: 33 }, outcome: 'ttnn decodes 32 users at once at most' },
  ],
  maxContext: [{ given: { maxContext: 4096 }, outcome: { config: { ...defaults, maxContext: 4096 } } }],
  prefillChunk: [{ given: { prefillChunk: 128 }, outcome: 'a prompt is computed whole' }],
  precision: [
    { given: { precision: 'performance' }, outcome: { config: { ...defaults, precision: 'performance' } } },
    {
      given: { precision: { ff1_3: 'bfloat4_b' } },
      outcome: { config: { ...defaults, precision: { ff1_3: 'bfloat4_b' } } },
    },
    { given: { precision: { ff1_3: 'int4' } }, outcome: 'ttnn has float32, bfloat16, bfloat8_b and bfloat4_b' },
    { given: { precision: { activation: 'float32' } }, outcome: 'leave activation unset' },
  ],
  threads: [
    { given: {}, outcome: { config: defaults } },
    { given: { threads: 4 }, outcome: 'the board schedules by itself; leave it unset' },
  ],
};

function resolve({ given, mode = 'device' }: Line): ResolvedHardware {
  return resolveHardware({ deviceType: 'n150', ...given }, mode);
}

describe.each(Object.entries(table))('%s', (field, lines) => {
  test.each(lines)('$given $mode: $outcome', (line) => {
    if (typeof line.outcome !== 'string') {
      expect(resolve(line)).toMatchObject(line.outcome);
      return;
    }
    expect(() => resolve(line)).toThrow(UnsupportedHardwareError);
    expect(() => resolve(line)).toThrow(
      expect.objectContaining({ device: 'n150', field, message: expect.stringContaining(line.outcome) }),
    );
    expect(() => resolve(line)).toThrow(`n150: ${field} ${JSON.stringify(Object.values(line.given).at(-1))} cannot be`);
  });
});

test('the page of this backend says what becomes of every field', async () => {
  const lines = Object.entries(table).flatMap(([field, of]) =>
    of
      .filter(({ mode = 'device' }) => mode === 'device')
      .map((line) => ({ field, given: line.given, resolve: () => resolve(line).config })),
  );
  await expect(hardwarePage('a Tenstorrent board', lines)).toMatchFileSnapshot('../HARDWARE.md');
});
