import { expect, test } from 'vitest';
import { alibiSlopes } from './alibi-slopes.ts';
import { countParameters, flopsPerToken, kvCacheBytes } from './quantities.ts';
import { uniformModelSpec } from './uniform.ts';

/** Llama 2 7B, of whose 6,738,415,616 parameters the paper speaks (arXiv:2307.09288). */
const llama = uniformModelSpec({
  vocabSize: 32000,
  hiddenDim: 4096,
  numLayers: 32,
  numHeads: 32,
  intermediateDim: 11008,
  useBiasQ: false,
  useBiasKv: false,
});

test('parameters of Llama 2 7B', () => {
  expect(countParameters(llama)).toEqual({
    embedding: 131_072_000,
    mixers: 2_147_483_648,
    ffns: 4_328_521_728,
    norms: 266_240,
    lmHead: 131_072_000,
    total: 6_738_415_616,
  });
});

test('a tied head counts once', () => {
  const { lmHead, total } = countParameters({ ...llama, tieEmbeddings: true });
  expect([lmHead, total]).toEqual([0, 6_738_415_616 - 131_072_000]);
});

test('half a mebibyte of cache for a token in 16 bits', () => {
  expect(kvCacheBytes(llama, 1, 'float16')).toBe(2 ** 19);
  expect(kvCacheBytes(llama, 100, 'q8_0')).toBe(100 * 2 ** 18 * (34 / 32));
});

test('with linear biases a key holds its position, too, in 32 bits', () => {
  const small = { vocabSize: 32, hiddenDim: 16, numLayers: 2, numHeads: 4, intermediateDim: 24, useRotary: false };
  const spec = uniformModelSpec({ ...small, alibiSlopes: alibiSlopes(4) });
  expect(kvCacheBytes(spec, 10, 'float16')).toBe(2 * 2 * 10 * 4 * (4 + 1) * 4);
});

test('two operations for each weight of a product, and for each number of the context', () => {
  const { mixers, ffns, lmHead } = countParameters(llama);
  const weights = 2 * (mixers + ffns + lmHead);
  expect(flopsPerToken(llama, 0)).toBe(weights + 32 * 4 * 4096);
  expect(flopsPerToken(llama, 1000) - flopsPerToken(llama, 0)).toBe(32 * 4 * 4096 * 1000);
  const windowed = uniformModelSpec({
    ...{ vocabSize: 32000, hiddenDim: 4096, numLayers: 32, numHeads: 32, intermediateDim: 11008 },
    slidingWindowSize: 10,
  });
  expect(flopsPerToken(windowed, 1000)).toBe(flopsPerToken(windowed, 9));
  const chunked = uniformModelSpec({
    ...{ vocabSize: 32000, hiddenDim: 4096, numLayers: 32, numHeads: 32, intermediateDim: 11008 },
    chunkSize: 10,
  });
  expect(flopsPerToken(chunked, 1000)).toBe(flopsPerToken(windowed, 1000));
});
