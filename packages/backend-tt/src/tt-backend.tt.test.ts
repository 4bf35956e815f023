import { backendContract } from '@tttv2/testing';
import { describe, test } from 'vitest';
import { ttBackend } from './index.ts';

/** By ttnn's golden functions in float32: whatever an op means to us, the module of ttnn calls means too. */
describe('n150, by golden functions', () => {
  const backend = ttBackend({ mode: 'reference' });
  const hardware = { deviceType: 'n150', weightDtype: 'float32' } as const;
  for (const { name, run } of backendContract({ backend, hardware, tolerance: 1e-4 })) test(name, run);
});
