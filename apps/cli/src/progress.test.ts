import { expect, test } from 'vitest';
import { progressLine } from './progress.ts';

test('tells bytes, speed and what is left to wait', () => {
  expect(progressLine('smollm2', { amount: 41_300_000, total: 98_362_432, perSecond: 20_650_000 })).toBe(
    'smollm2   41 %  41.3 MB of 98.4 MB  20.6 MB/s  ETA 0:03',
  );
});

test('invents nothing: neither a total, nor a speed before anything came', () => {
  expect(progressLine('x', { amount: 5000, total: null, perSecond: 5000 })).toBe('x  5.0 kB  5.0 kB/s');
  expect(progressLine('x', { amount: 0, total: 5000, perSecond: 0 })).toBe('x    0 %  0 B of 5.0 kB');
});

test('an amount may be of something else', () => {
  const shown = progressLine('reading', { amount: 512, total: 2048, perSecond: 256 }, (tokens) => `${tokens} tokens`);
  expect(shown).toBe('reading   25 %  512 tokens of 2048 tokens  256 tokens/s  ETA 0:06');
});
