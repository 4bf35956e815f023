import { expect, test } from 'vitest';
import { showBytes, showCount, showSeconds } from './units.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [98_362_432, '98.4 MB'],
  [134_500_000_000, '134.5 GB'],
  [999_960, '1000.0 kB'],
])('%d bytes', (bytes, shown) => {
  expect(showBytes(bytes)).toBe(shown);
});

test('counts and seconds', () => {
  expect([0, 64, 134_515_008, 8_030_261_248].map(showCount)).toEqual(['0', '64', '134.5 M', '8.0 B']);
  expect([0, 5.4, 65, 3723].map(showSeconds)).toEqual(['0:00', '0:05', '1:05', '1:02:03']);
});
