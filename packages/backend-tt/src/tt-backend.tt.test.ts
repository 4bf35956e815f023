import { backendContract, type FuzzOutcome, fuzzCase, runFuzzCase } from '@tttv2/testing';
import { describe, expect, test } from 'vitest';
import { ttBackend } from './index.ts';
import { notLowered } from './testing/not-lowered.ts';

/** By ttnn's golden functions in float32: whatever an op means to us, the module of ttnn calls means too. */
describe('n150, by golden functions', () => {
  const backend = ttBackend({ mode: 'reference' });
  const hardware = { deviceType: 'n150', weightDtype: 'float32' } as const;
  for (const { name, run } of backendContract({ backend, hardware, tolerance: 1e-4 })) test(name, run);
});

test('random graphs give what the reference gives, whatever stands in rows without a token', async () => {
  const backend = ttBackend({ mode: 'reference', padding: { token: 3, rotary: 1e3, cache: Number.NaN } });
  const hardware = { deviceType: 'n150', weightDtype: 'float32' } as const;
  // What is promised of float32 here: torch sums in float32, and softmax makes much of it where products are large.
  const variant = { hardware, stored: [null], cacheStored: [null], tolerance: 1e-3, without: notLowered };
  const outcomes: FuzzOutcome[] = [];
  for (let seed = 0; seed < 150; seed++) {
    const one = fuzzCase(seed, [variant]);
    const isLowered = one.graph.nodes.every(
      (node) => backend.supports(node, one.graph, hardware).kind !== 'unsupported',
    );
    const outcome = await runFuzzCase(backend, one);
    // An op may have kinds that ttnn has no way for: what the backend says of nodes, and that alone, it refuses.
    expect(outcome === 'refused', `seed ${seed}`).toBe(!isLowered);
    outcomes.push(outcome);
  }
  expect(outcomes.filter((outcome) => outcome === 'compared').length).toBeGreaterThan(50);
});
