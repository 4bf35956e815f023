import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sampler } from './sampler.ts';
import { checkSampling, greedy, type Sampling } from './sampling.ts';
import { TokenHistory } from './token-history.ts';

const within = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const warpers = {
  temperature: within(0, 5),
  topK: fc.nat(10),
  topP: within(0.01, 1),
  minP: within(0, 1),
  seed: fc.maxSafeInteger(),
};
const additive = { presencePenalty: within(-2, 2), frequencyPenalty: within(-2, 2) };
const history = new TokenHistory([0, 1]);
history.add(1);

test('whatever the settings, a drawn token is a possible one and the logits stay', () => {
  const settings: fc.Arbitrary<Sampling> = fc.record({ ...warpers, ...additive, repetitionPenalty: within(0.5, 2) });
  const logit = fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.constant(Number.NEGATIVE_INFINITY));
  fc.assert(
    fc.property(settings, fc.array(logit, { maxLength: 40 }), (sampling, others) => {
      const logits = Float32Array.of(...others, 0);
      const before = logits.slice();
      const id = new Sampler(sampling).next(logits, history);
      expect(logits[id]).toBeGreaterThan(Number.NEGATIVE_INFINITY);
      expect(logits).toEqual(before);
    }),
  );
});

test('a constant added to all logits changes nothing, but for a repetition penalty', () => {
  // Halves, so that adding is exact in float32.
  const half = fc.integer({ min: -200, max: 200 }).map((n) => n / 2);
  const settings = fc.record({ ...warpers, ...additive, presencePenalty: half, frequencyPenalty: half });
  fc.assert(
    fc.property(settings, fc.array(half, { minLength: 1, maxLength: 40 }), half, (sampling, logits, constant) => {
      const next = (numbers: number[]) =>
        new Sampler({ ...greedy, ...sampling }).next(Float32Array.from(numbers), history);
      expect(next(logits.map((logit) => logit + constant))).toBe(next(logits));
    }),
  );
});

test.each([
  ['temperature', -1],
  ['temperature', Number.NaN],
  ['topK', 1.5],
  ['topP', 0],
  ['minP', 2],
  ['repetitionPenalty', 0],
  ['presencePenalty', Number.POSITIVE_INFINITY],
  ['frequencyPenalty', Number.NaN],
  ['seed', 0.5],
] as const)('%s of %d is refused by name', (field, value) => {
  expect(() => checkSampling({ ...greedy, [field]: value })).toThrow(`${field}: must be`);
});
