import { expect, test } from 'vitest';
import { PredictionScores } from './prediction-scores.ts';

test('even logits say nothing: the perplexity is the size of the vocabulary, without an error', () => {
  const predictions = new PredictionScores();
  for (let id = 0; id < 8; id++) predictions.add(new Float32Array(8), id);
  const { tokens, perplexity, perplexityError, top1, top5 } = predictions.scores;
  expect({ tokens, perplexity, top1, top5 }).toEqual({
    tokens: 8,
    perplexity: expect.closeTo(8, 9),
    top1: 1 / 8,
    top5: 5 / 8,
  });
  expect(perplexityError).toBeCloseTo(0, 5);
});

test('the error is that of the mean, carried through the exponential', () => {
  const predictions = new PredictionScores();
  // p = 1/2, 1/2 and 1/4, 3/4: losses of ln 2 and ln 4.
  predictions.add(Float32Array.of(0, 0), 0);
  predictions.add(Float32Array.of(0, Math.log(3)), 0);
  const { perplexity, perplexityError, top1 } = predictions.scores;
  expect(perplexity).toBeCloseTo(Math.sqrt(8), 6);
  expect(perplexityError).toBeCloseTo(Math.sqrt(8) * (Math.LN2 / 2), 6);
  expect(top1).toBe(1 / 2);
});

test('logits whose exponentials would overflow are compared all the same', () => {
  const predictions = new PredictionScores();
  predictions.add(Float32Array.of(1000, 1000 + Math.log(3)), 1);
  expect(predictions.scores.perplexity).toBeCloseTo(4 / 3, 3);
});
