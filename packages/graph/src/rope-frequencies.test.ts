import { type RopeSpec, ropeSpecSchema } from '@tttv2/spec';
import { expect, test } from 'vitest';
import fixture from './fixtures/rope-frequencies.json' with { type: 'json' };
import { ropeFrequencies } from './rope-frequencies.ts';

test.each(fixture.cases)('as transformers: $rope.scaling.kind, theta $rope.theta, length $seqLen', (recorded) => {
  const { inverse, attentionFactor } = ropeFrequencies(ropeSpecSchema.parse(recorded.rope), recorded.seqLen);
  expect(inverse.length).toBe(recorded.inverse.length);
  recorded.inverse.forEach((frequency, i) => {
    expect(Math.abs((inverse[i] ?? 0) / frequency - 1)).toBeLessThan(1e-12);
  });
  expect(attentionFactor).toBe(recorded.attentionFactor);
});

test('given divisors divide the plain frequencies', () => {
  const rope: RopeSpec = {
    theta: 100,
    rotaryDim: 4,
    layout: 'half',
    scaling: { kind: 'factors', factors: [1, 4], attentionFactor: 1.5 },
  };
  const { inverse, attentionFactor } = ropeFrequencies(rope, 1);
  expect([...inverse]).toEqual([1, 0.1 / 4]);
  expect(attentionFactor).toBe(1.5);
});
