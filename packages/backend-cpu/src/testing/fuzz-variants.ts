import type { FuzzVariant } from '@tttv2/testing';

// One thread, mostly: more of them spin while they wait, and tests run beside each other.
const exact = [{}, { threads: 1 }, { threads: 1, useFusedKernels: false }].map(
  (hardware): FuzzVariant => ({
    hardware: { deviceType: 'cpu', ...hardware },
    stored: [null],
    cacheStored: [null],
    tolerance: 1e-5,
  }),
);

const lossy = (['float32', 'float16', 'bfloat16', 'q8_0', 'q4_0'] as const).flatMap((kvCacheDtype) =>
  [false, true].map(
    (useFlashAttention): FuzzVariant => ({
      hardware: { deviceType: 'cpu', threads: 1, kvCacheDtype, useFlashAttention },
      stored: [null, 'float32', 'bfloat16', 'float16', 'q8_0', 'q4_0'],
      cacheStored: [null, null, 'float32', 'float16', 'bfloat16'],
      tolerance: null,
    }),
  ),
);

/** Half of all runs in float32, to be compared; the others in every type that ggml takes, to survive. */
export const fuzzVariants: readonly FuzzVariant[] = [...exact, ...exact, ...exact, ...lossy];
