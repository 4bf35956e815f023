import { expect, test } from 'vitest';
import { dequantise } from './dequantise.ts';
import mxfp4 from './fixtures/mxfp4.json' with { type: 'json' };
import { packMxfp4 } from './pack-mxfp4.ts';

test('the numbers of codes and exponents are those of transformers', () => {
  const packed = packMxfp4(Uint8Array.from(mxfp4.blocks), Uint8Array.from(mxfp4.scales));
  expect(packed).toHaveLength(6 * 17);
  expect([...dequantise(packed, 'mxfp4')].map((value) => value + 0)).toEqual(mxfp4.numbers.map((value) => value + 0));
});
