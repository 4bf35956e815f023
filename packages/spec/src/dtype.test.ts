import { expect, test } from 'vitest';
import { bytesOf } from './dtype.ts';

test('bytes of a tensor, blocks of the last dimension packed', () => {
  expect(bytesOf('float32', [3, 5])).toBe(60);
  expect(bytesOf('bfloat16', [])).toBe(2);
  expect(bytesOf('q8_0', [2, 64])).toBe(2 * 2 * 34);
  expect(bytesOf('q4_k', [3, 512])).toBe(3 * 2 * 144);
});
