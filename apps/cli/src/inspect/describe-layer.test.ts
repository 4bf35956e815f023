import { alibiSlopes, attentionSpec, ffnSpec, layerSpec, mlaSpec, modelSpec, moeSpec } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { describeFfn, describeMixer } from './describe-layer.ts';

type Layer = Parameters<typeof layerSpec>[0];

const ffn = ffnSpec({ hiddenDim: 64, intermediateDim: 96, useGate: false, activation: 'relu2' });

function described(options: Layer): [mixer: string, ffn: string] {
  const { layers, ropeTables } = modelSpec({ vocabSize: 8, hiddenDim: 64, layers: [layerSpec(options)] });
  const [layer] = layers;
  if (layer === undefined) throw new Error('a model has layers');
  return [describeMixer(layer.mixer, ropeTables), describeFfn(layer.ffn)];
}

test('attention, with what is special about it', () => {
  const heads = { hiddenDim: 64, numHeads: 4 };
  expect(
    described({ attention: attentionSpec({ ...heads, numKvHeads: 2, softcap: 50, useSinks: true }), ffn }),
  ).toEqual([
    'grouped_query attention, 4 heads over 2 KV heads of 16, logits capped at 50, sinks, rotary θ 10000',
    'relu2',
  ]);
  const biased = attentionSpec({ ...heads, useRotary: false, alibiSlopes: alibiSlopes(4), outputGate: 'per_number' });
  expect(described({ attention: biased, ffn })[0]).toBe(
    'multi_head attention, 4 heads of 16, linear biases, output gate per number, no rotary positions',
  );
  const chunked = attentionSpec({
    ...heads,
    valuesAreKeys: true,
    chunkSize: 32,
    queryGrowth: { interval: 16, strength: 0.1 },
  });
  expect(described({ attention: chunked, ffn })[0]).toBe(
    'multi_head attention, 4 heads of 16, values are keys, chunks of 32, queries grow every 16, rotary θ 10000',
  );
});

test('latent attention, and experts', () => {
  const dims = { hiddenDim: 64, numHeads: 4, kvLoraRank: 24, qkNopeHeadDim: 16, qkRopeHeadDim: 8, vHeadDim: 12 };
  const expert = { hiddenDim: 64, intermediateDim: 24 };
  const experts = moeSpec({
    ...{ ...expert, numExperts: 8, topK: 3, shared: { ffn: ffnSpec(expert) } },
    router: { score: 'sigmoid', groups: { count: 4, chosen: 2, score: 'top2_sum' } },
  });
  expect(described({ attention: mlaSpec({ ...dims, qLoraRank: 32 }), ffn: experts })).toEqual([
    'latent attention, 4 heads of 16 + 8, values of 12, latents of 32 and 24, rotary θ 10000',
    '3 of 8 experts of 24, from 2 of 4 groups, one of 24 for all, gated silu, by sigmoid',
  ]);
  const selection = { kind: 'own', numHeads: 2, headDim: 8, topK: 9, layout: 'half', normEps: 1e-6 } as const;
  expect(described({ attention: mlaSpec({ ...dims, qLoraRank: 32, selection }), ffn: null })[0]).toBe(
    'latent attention, 4 heads of 16 + 8, values of 12, latents of 32 and 24, 9 tokens of its own selection, rotary θ 10000',
  );
  expect(described({ attention: mlaSpec({ ...dims, rope: null }), ffn: null })).toEqual([
    'latent attention, 4 heads of 16 + 8, values of 12, latents of 24, no rotary positions',
    'none',
  ]);
});
