import { expect, test } from 'vitest';
import { progressLine } from './progress.ts';

test('tells bytes, speed and what is left to wait', () => {
  expect(progressLine('smollm2', { bytes: 41_300_000, totalBytes: 98_362_432, bytesPerSecond: 20_650_000 })).toBe(
    'smollm2   41 %  41.3 MB of 98.4 MB  20.6 MB/s  ETA 0:03',
  );
});

test('invents nothing: neither a total, nor a speed before anything came', () => {
  expect(progressLine('x', { bytes: 5000, totalBytes: null, bytesPerSecond: 5000 })).toBe('x  5.0 kB  5.0 kB/s');
  expect(progressLine('x', { bytes: 0, totalBytes: 5000, bytesPerSecond: 0 })).toBe('x    0 %  0 B of 5.0 kB');
});
