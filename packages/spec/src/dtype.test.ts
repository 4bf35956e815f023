import { expect, test } from 'vitest';
import { bytesOf } from './dtype.ts';
import { dtypeForRows } from './dtype-for-rows.ts';

test('bytes of a tensor, blocks of the last dimension packed', () => {
  expect(bytesOf('float32', [3, 5])).toBe(60);
  expect(bytesOf('bfloat16', [])).toBe(2);
  expect(bytesOf('q8_0', [2, 64])).toBe(2 * 2 * 34);
  expect(bytesOf('q4_k', [3, 512])).toBe(3 * 2 * 144);
});

test.each([
  ['q4_k', 512, 'q4_k'],
  ['q4_k', 576, 'q5_0'],
  ['q4_k', 40, 'float32'],
  ['q8_0', 576, 'q8_0'],
  ['q8_0', 40, 'float32'],
  ['bfloat16', 7, 'bfloat16'],
] as const)('%s of rows of %i is held as %s', (wanted, length, held) => {
  expect(dtypeForRows(wanted, length)).toBe(held);
});
