import { GraphBuilder, type LocalGraph, localGraph } from '@tttv2/graph';
import { expect, test } from 'vitest';
import { activationBytes } from './activation-bytes.ts';

/** Attention of 8 heads over what tokens are looked up as. */
function attending(softcap: number | null): LocalGraph {
  const builder = new GraphBuilder('g');
  const x = builder.node('gather_rows', {}, [builder.parameter('table', [16, 64]), builder.input('tokens')]);
  const heads = builder.node('reshape', { shape: ['N', 8, 8] }, [x]);
  const state = builder.state('cache', { kind: 'kv_cache', numKvHeads: 8, headDim: 8, stored: null });
  const attrs = { state, scale: 1, mask: 'causal', window: null, chunk: null, softcap, hasSelection: false } as const;
  const inputs = [heads, heads, heads, builder.input('slot'), builder.input('cacheIndex')];
  const mixed = builder.node('reshape', { shape: ['N', 64] }, [builder.node('attention', attrs, inputs)]);
  const logits = builder.scope('logits', () => builder.node('gather_rows', {}, [mixed, builder.input('logitRows')]));
  const graph = builder.build({ logits });
  return localGraph({ mesh: [1, 1], stages: [graph] }, 'cpu');
}

function bytes(graph: LocalGraph, { N = 512, totalTokens = 512, useFlashAttention = false } = {}): number {
  const settings = { isExact: true, useFlashAttention };
  return activationBytes(graph, { sizes: { N, R: 1 }, totalTokens, kvCacheDtype: 'float32', settings });
}

test('more tokens and longer contexts take more, and flash attention less', () => {
  const graph = attending(null);
  expect(bytes(graph, { N: 8 })).toBeLessThan(bytes(graph));
  expect(bytes(graph)).toBeLessThan(bytes(graph, { totalTokens: 2048 }));
  expect(bytes(graph, { useFlashAttention: true })).toBeLessThan(bytes(graph));
  // The mask alone: 512 tokens see 2048 cells, in float32.
  expect(bytes(graph, { totalTokens: 2048 })).toBeGreaterThan(4 * 512 * 2048);
});

test.each([null, 30])('a tile for each token has room for all its tensors, softcap %s', (softcap) => {
  // ggml ends the process where there is none.
  const totalTokens = 2 ** 18;
  expect(bytes(attending(softcap), { totalTokens })).toBeGreaterThan(4 * 512 * totalTokens);
});
