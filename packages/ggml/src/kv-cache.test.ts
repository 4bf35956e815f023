import { GraphBuilder } from '@tttv2/graph';
import type { Dtype } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { checkCaches } from './kv-cache.ts';

function check(headDim: number, kvCacheDtype: Dtype, useFlashAttention: boolean, stored: Dtype | null = null): void {
  const builder = new GraphBuilder('g');
  builder.state('layer', { kind: 'kv_cache', numKvHeads: 2, headDim, stored });
  checkCaches(builder.build({}), { device: 'cpu', kvCacheDtype, useFlashAttention });
}

test.each<[headDim: number, kvCacheDtype: Dtype, useFlash: boolean, stored: Dtype | null]>([
  [5, 'float32', false, null],
  [5, 'float16', true, null],
  [5, 'bfloat16', false, null],
  [64, 'q8_0', true, null],
  [32, 'q4_0', true, null],
  [5, 'q8_0', false, 'float16'],
])('heads of %i in %s, flash attention %s, stored as %s: fits', (headDim, dtype, useFlash, stored) => {
  expect(() => check(headDim, dtype, useFlash, stored)).not.toThrow();
});

test.each<[headDim: number, kvCacheDtype: Dtype, useFlash: boolean, stored: Dtype | null, message: string]>([
  [64, 'q8_0', false, null, '"q8_0" of layer needs useFlashAttention'],
  [40, 'q8_0', true, null, 'packs 32 numbers, but a head has 40'],
  [16, 'q4_0', true, null, 'packs 32 numbers, but a head has 16'],
  [256, 'q4_k', true, null, '"q4_k" of layer is not one of float32'],
  [64, 'float16', true, 'int8', '"int8" of layer is not one of float32'],
])('heads of %i in %s, flash attention %s, stored as %s: refused', (headDim, dtype, useFlash, stored, message) => {
  expect(() => check(headDim, dtype, useFlash, stored)).toThrow(
    expect.objectContaining({ field: 'kvCacheDtype', message: expect.stringContaining(message) }),
  );
});
