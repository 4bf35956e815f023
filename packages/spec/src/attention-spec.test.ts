import { expect, test } from 'vitest';
import { type AttentionOptions, attentionSpec } from './attention-spec.ts';
import { SpecError } from './errors/spec-error.ts';

const base = { hiddenDim: 64, numHeads: 8 };

test('the seed’s defaults', () => {
  expect(attentionSpec(base)).toEqual({
    kind: 'attention',
    hiddenDim: 64,
    numHeads: 8,
    numKvHeads: 8,
    headDim: 8,
    attentionType: 'multi_head',
    slidingWindowSize: null,
    chunkSize: null,
    scale: 8 ** -0.5,
    useBiasQ: true,
    useBiasKv: true,
    useBiasO: false,
    qkNorm: null,
    vNorm: null,
    valuesAreKeys: false,
    clipQkv: null,
    softcap: null,
    useSinks: false,
    outputGate: null,
    outputNorm: null,
    alibiSlopes: null,
    queryGrowth: null,
    rope: { theta: 10000, rotaryDim: 8, layout: 'half', scaling: { kind: 'default' } },
  });
});

test.each<[Partial<AttentionOptions>, object]>([
  [{ numKvHeads: 2 }, { attentionType: 'grouped_query' }],
  [{ numKvHeads: 1 }, { attentionType: 'multi_query' }],
  [{ attentionType: 'multi_query' }, { numKvHeads: 1 }],
  [
    { numKvHeads: null, headDim: null, slidingWindowSize: null },
    { numKvHeads: 8, headDim: 8 },
  ],
  [{ slidingWindowSize: 16 }, { attentionType: 'sliding_window', slidingWindowSize: 16 }],
  [{ slidingWindowSize: 16, numKvHeads: 2 }, { attentionType: 'sliding_window' }],
  [{ headDim: 32 }, { headDim: 32, scale: 32 ** -0.5, rope: expect.objectContaining({ rotaryDim: 32 }) }],
  [{ useRotary: false }, { rope: null }],
  [{ rotaryBase: 5e5 }, { rope: expect.objectContaining({ theta: 5e5 }) }],
])('%j', (options, expected) => {
  expect(attentionSpec({ ...base, ...options })).toMatchObject(expected);
});

test.each<[Partial<AttentionOptions>, path: string]>([
  [{ numHeads: 7 }, 'headDim'],
  [{ numKvHeads: 3 }, 'numKvHeads'],
  [{ attentionType: 'grouped_query' }, 'attentionType'],
  [{ attentionType: 'sliding_window' }, 'attentionType'],
  [{ attentionType: 'multi_query', numKvHeads: 2 }, 'attentionType'],
  [{ slidingWindowSize: 0 }, 'slidingWindowSize'],
  [{ slidingWindowSize: 4, chunkSize: 8 }, 'chunkSize'],
  [{ queryGrowth: { interval: 0, strength: 1 } }, 'queryGrowth.interval'],
  [{ alibiSlopes: [0.5] }, 'alibiSlopes'],
  [{ alibiSlopes: [1, 1, 1, 1, 1, 1, 1, 0] }, 'alibiSlopes.7'],
  [{ scale: 0 }, 'scale'],
  [{ headDim: 7 }, 'rope.rotaryDim'],
])('%j is an error at %s', (options, path) => {
  const make = () => attentionSpec({ ...base, ...options });
  expect(make).toThrow(SpecError);
  expect(make).toThrow(expect.objectContaining({ path }));
});
