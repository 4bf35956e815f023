import fc from 'fast-check';
import { expect, test } from 'vitest';
import { logprobsOf } from './logprobs.ts';

test('log-softmax of the chosen token and of the likeliest, the lowest of equals first', () => {
  const logits = [0.5, 2, -1, 2, Number.NEGATIVE_INFINITY];
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  const { id, logprob, top } = logprobsOf(Float32Array.from(logits), 2, 3);
  expect(id).toBe(2);
  expect(logprob).toBeCloseTo(Math.log(Math.exp(-1) / total), 12);
  expect(top.map((token) => token.id)).toEqual([1, 3, 0]);
  expect(top[2]?.logprob).toBeCloseTo(Math.log(Math.exp(0.5) / total), 12);
});

test('none are listed when none are asked for, and impossible ones never', () => {
  const logits = Float32Array.of(Number.NEGATIVE_INFINITY, 1, 1);
  expect(logprobsOf(logits, 1, 0)).toEqual({ id: 1, logprob: -Math.log(2), top: [] });
  expect(logprobsOf(logits, 1, 9).top.map(({ id }) => id)).toEqual([1, 2]);
});

test('logits of any size neither overflow nor vanish', () => {
  expect(logprobsOf(Float32Array.of(3e38, -3e38), 0, 0).logprob).toBe(0);
  expect(logprobsOf(Float32Array.of(1000, 0), 1, 0).logprob).toBe(-1000);
});

test('probabilities of all tokens add up to 1', () => {
  const logits = fc.float32Array({ min: -100, max: 100, noNaN: true, minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(logits, (numbers) => {
      const { top } = logprobsOf(numbers, 0, numbers.length);
      expect(top.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 10);
    }),
  );
});
