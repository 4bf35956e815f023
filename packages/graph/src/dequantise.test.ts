import type { Dtype } from '@tttv2/spec';
import { UnsupportedModelError } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { dequantise } from './dequantise.ts';

/**
 * One block each, its first, middle and last number, and the sum of (i + 1) · x[i].
 * Recorded from `gguf.quants.dequantize` of PyPI's gguf 0.19.0.
 */
const blocks = {
  q4_0: {
    hex: '4c22e5f1a94106a0956a26afbccdafe562f9',
    picks: [-0.036895751953125, 0.07379150390625, 0.086090087890625],
    weighted: 6.86260986328125,
  },
  q4_1: {
    hex: '4c22003842276ad5ab2da7394551370e99b2d74c',
    picks: [0.52459716796875, 0.5491943359375, 0.5491943359375],
    weighted: 307.4017028808594,
  },
  q5_0: {
    hex: '4c22fa48d732a1df70aca1e926115901dd06f27f8f06',
    picks: [-0.184478759765625, 0.12298583984375, -0.19677734375],
    weighted: -5.497467041015625,
  },
  q5_1: {
    hex: '4c220038f9bd0ccc21397c1ec795ca7748dc03d17a88934d',
    picks: [0.709075927734375, 0.52459716796875, 0.7459716796875],
    weighted: 362.7453308105469,
  },
  q8_0: {
    hex: '4c227357a2e64647f03e2fb81f223f4192c58efd5185f0711ef7677a1f132a818d88',
    picks: [1.414337158203125, -1.40203857421875, -1.475830078125],
    weighted: -30.992431640625,
  },
  q4_k: {
    hex: '4c2200386b236b82481bd9fe630dc3ce3be4ebcab72f45b35223479f6e794d57037e2cfde9e15a7789781e3721a557d8e5a703296dcb81db3f65cf9c1bdc5d1d8fc83f0b0bb4db71be572209851d3d24f4c0cf83fe4363f82f4759778955f6ced681cbea7179ced2c8f814a13472ff70ce369d8385452a44f318337f08cd1e614f235d3f83bc45fee9ee0403a79be118',
    picks: [1.817230224609375, -10.0653076171875, -29.43426513671875],
    weighted: -571513.1533508301,
  },
  q6_k: {
    hex: '544441317c9311f85e0429b19f7ec0e156f65a3322e791b880ee995e3f0d307d2fbaf400693a179e0d027ed4e58be7a9ebc28a271d43a78855638144eb6603f7b2725de11fe6ac2f88a68182869793f0aad6ded8116e3ab51681c4a374fec70a68b3e4bdc92b387987416c17ec90963ec766888ab4b80eba7c5cfd81121bea9cee1810dfd5169faf26cd7b5c30c8aba44d972299e8c7b41b9a1d2b0f180600a974d63b6332202c998e82b2522c49c4394c7d73265b6aaf61b288fbd0aecfa766616223611e764c93aa388ffabd0a6a644c22',
    picks: [4.7718505859375, 31.7303466796875, -8.6090087890625],
    weighted: 15415.25424194336,
  },
} as const;

const dtypesOfBlocks: (keyof typeof blocks)[] = ['q4_0', 'q4_1', 'q5_0', 'q5_1', 'q8_0', 'q4_k', 'q6_k'];

test.each(dtypesOfBlocks)('%s: the numbers are those of the reference implementation', (dtype) => {
  const { hex, picks, weighted } = blocks[dtype];
  const numbers = dequantise(bytes(hex), dtype);
  expect([numbers[0], numbers[numbers.length / 2], numbers.at(-1)]).toEqual(picks);
  expect(numbers.reduce((sum, x, i) => sum + (i + 1) * x, 0)).toBeCloseTo(weighted, 6);
});

test.each<[Dtype, string, number[]]>([
  ['float64', '000000000000f83f00000000000000c0', [1.5, -2]],
  ['float32', '0000c03f000000c0', [1.5, -2]],
  ['float16', '003e00c00100ff7b007c00fc0080', [1.5, -2, 2 ** -24, 65504, Infinity, -Infinity, -0]],
  ['bfloat16', 'c03f00c0807f', [1.5, -2, Infinity]],
  ['float8_e4m3', '3cc001087e80', [1.5, -2, 2 ** -9, 2 ** -6, 448, -0]],
  ['float8_e5m2', '3ec0017b7c', [1.5, -2, 2 ** -16, 57344, Infinity]],
])('%s: hand-picked numbers, subnormal and largest among them', (dtype, hex, expected) => {
  expect([...dequantise(bytes(hex), dtype)]).toEqual(expected);
});

test('not a number stays not a number', () => {
  expect([...dequantise(bytes('7fff'), 'float8_e4m3')]).toEqual([Number.NaN, Number.NaN]);
  expect([...dequantise(bytes('7f'), 'float8_e5m2')]).toEqual([Number.NaN]);
  expect([...dequantise(bytes('007e'), 'float16')]).toEqual([Number.NaN]);
});

test('a type whose numbers we cannot read is refused by name', () => {
  expect(() => dequantise(new Uint8Array(66), 'iq2_xxs')).toThrow(UnsupportedModelError);
  expect(() => dequantise(new Uint8Array(66), 'iq2_xxs')).toThrow(/"iq2_xxs".*bfloat16, float64/);
});

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
