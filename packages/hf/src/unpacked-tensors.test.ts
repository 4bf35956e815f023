import type { StoredView } from '@tttv2/graph';
import { bytesOf, CheckpointError, type Dtype } from '@tttv2/spec';
import { expect, test } from 'vitest';
import type { Quantisation } from './quantisation.ts';
import { unpackedTensors } from './unpacked-tensors.ts';

const view = (dtype: Dtype, shape: number[]): StoredView => ({
  ...{ file: 'f', offset: 8, bytes: bytesOf(dtype, shape), dtype, shape },
});
const unpack = (tensors: Record<string, StoredView>, quantisation: Quantisation | null) =>
  Object.fromEntries(unpackedTensors({ files: new Map(), tensors: new Map(Object.entries(tensors)) }, quantisation));

const fp8: Quantisation = { method: 'fp8', block: [2, 4] };
const weight = view('float8_e4m3', [5, 8]);
const stored = { kind: 'stored', ...weight };

test('without a quantisation each tensor is what is stored', () => {
  const tensors = { 'a.weight': weight, 'a.weight_scale_inv': view('float32', [3, 2]) };
  expect(unpack(tensors, null)['a.weight']).toEqual(stored);
  expect(Object.keys(unpack(tensors, null))).toEqual(Object.keys(tensors));
});

test('fp8: a matrix of float8 is multiplied by its scales; others stay', () => {
  const tensors = {
    'norm.weight': view('bfloat16', [8]),
    'a.weight_scale_inv': view('float32', [3, 2]),
    'a.weight': weight,
    experts: view('float8_e5m2', [2, 2, 4]),
    experts_scale_inv: view('bfloat16', [2, 1, 1]),
  };
  const unpacked = unpack(tensors, fp8);
  expect(Object.keys(unpacked)).toEqual(['norm.weight', 'a.weight', 'experts']);
  expect(unpacked).toMatchObject({
    'norm.weight': { kind: 'stored' },
    'a.weight': { kind: 'scaleBlocks', of: stored, scales: { dtype: 'float32', shape: [3, 2] }, block: [2, 4] },
    experts: { kind: 'scaleBlocks', scales: { shape: [2, 1, 1] }, block: [2, 4] },
  });
});

test.each([
  ['a number', [], fp8],
  ['a list of one', [1], fp8],
  ['without blocks', [], { method: 'fp8', block: null } as const],
])('fp8: one scale for all numbers, %s', (_, shape, quantisation) => {
  const tensors = { 'a.weight': weight, 'a.weight_scale_inv': view('float32', shape) };
  expect(unpack(tensors, quantisation)['a.weight']).toMatchObject({ scales: { shape: [1, 1] }, block: [5, 8] });
});

test('fp8: scales of a byte are exponents', () => {
  const tensors = { 'a.weight': weight, 'a.weight_scale_inv': view('uint8', [3, 2]) };
  expect(unpack(tensors, fp8)['a.weight']).toMatchObject({ scales: { dtype: 'float8_e8m0' } });
});

test('mxfp4: codes and exponents are blocks of one tensor', () => {
  const tensors = {
    bias: view('bfloat16', [2]),
    e_blocks: view('uint8', [2, 3, 4, 16]),
    e_scales: view('uint8', [2, 3, 4]),
  };
  expect(unpack(tensors, { method: 'mxfp4' })).toMatchObject({
    bias: { kind: 'stored' },
    e_blocks: { kind: 'packMxfp4', of: { shape: [2, 3, 4, 16] }, scales: { shape: [2, 3, 4] } },
  });
});

test.each<[string, Record<string, StoredView>, Quantisation, RegExp]>([
  [
    'fp8: no scales',
    { 'a.weight': weight },
    fp8,
    /^f \(at byte 8\): .*"a\.weight", float8_e4m3 \[5, 8\].*scales are not there, "a\.weight_scale_inv"/,
  ],
  [
    'fp8: scales of other blocks',
    { 'a.weight': weight, 'a.weight_scale_inv': view('float32', [5, 2]) },
    fp8,
    /blocks of 2 × 4 need scales \[3, 2\], found \[5, 2\]/,
  ],
  ['mxfp4: no scales', { e_blocks: view('uint8', [2, 1, 16]) }, { method: 'mxfp4' }, /"e_scales"/],
  [
    'mxfp4: scales of another shape',
    { e_blocks: view('uint8', [2, 2, 16]), e_scales: view('uint8', [2, 1]) },
    { method: 'mxfp4' },
    /"e_blocks", uint8 \[2, 2, 16\].* found scales uint8 \[2, 1\]/,
  ],
])('%s', (_, tensors, quantisation, message) => {
  expect(() => unpack(tensors, quantisation)).toThrow(CheckpointError);
  expect(() => unpack(tensors, quantisation)).toThrow(message);
});
