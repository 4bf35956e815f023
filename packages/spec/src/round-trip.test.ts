import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attentionSpec } from './attention-spec.ts';
import { activationTypeSchema, ffnSpec } from './ffn-spec.ts';
import { gatedDeltaSpec } from './gated-delta-spec.ts';
import { layerSpec } from './layer-spec.ts';
import { mlaSpec } from './mla-spec.ts';
import { modelSpec, parseModelSpec } from './model-spec.ts';
import { moeSpec } from './moe-spec.ts';
import type { NormSpec } from './norm-spec.ts';
import type { RopeScaling, RopeSpec } from './rope-spec.ts';
import { ssdSpec } from './ssd-spec.ts';

const size = fc.integer({ min: 1, max: 4 });
/** Numbers whose decimals are long. */
const factor = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
const hiddenDim = 16;

const norm = fc
  .record({
    normType: fc.constantFrom('layer_norm', 'rms_norm'),
    normEps: factor,
    useBias: fc.boolean(),
    weight: fc.constantFrom('plain', 'one_plus', 'none'),
  })
  .map((one): NormSpec => ({ ...one, useBias: one.useBias && one.weight !== 'none' }));
const maybeNorm = fc.option(norm);
const headNorm = norm.map((one): NormSpec => ({ ...one, useBias: false, weight: 'plain' }));

const yarn = fc.record({
  kind: fc.constant('yarn'),
  ...{ factor, originalMaxSeqLen: size, betaFast: factor, betaSlow: factor, attentionFactor: factor },
  truncate: fc.boolean(),
});
const longFactors = fc.tuple(factor, factor);
const scaling = fc.oneof<fc.Arbitrary<RopeScaling>[]>(
  fc.constant({ kind: 'default' }),
  fc.record({ kind: fc.constant('linear'), factor }),
  fc.record({
    ...{ kind: fc.constant('llama3'), factor, lowFreqFactor: factor, highFreqFactor: factor },
    originalMaxSeqLen: size,
  }),
  yarn,
  fc.record({ kind: fc.constant('factors'), factors: longFactors, attentionFactor: factor }),
  fc.record({
    ...{ kind: fc.constant('longrope'), shortFactors: longFactors, longFactors, attentionFactor: factor },
    originalMaxSeqLen: size,
  }),
);
const rope = fc.record<RopeSpec>({
  theta: factor,
  rotaryDim: fc.constant(4),
  layout: fc.constantFrom('half', 'interleaved'),
  scaling,
});

const qkNorm = fc.oneof(
  fc.record({
    norm,
    scope: fc.constant('per_head'),
    order: fc.constantFrom('before_rope', 'after_rope'),
  }),
  fc.record({ norm, scope: fc.constant('full_width') }),
  fc.record({ norm: headNorm, scope: fc.constant('per_head_weights') }),
);

const attention = fc
  .record({
    kvHeads: fc.constantFrom(1, 2, 4),
    seen: fc.oneof(fc.record({ slidingWindowSize: fc.option(size) }), fc.record({ chunkSize: fc.option(size) })),
    queryGrowth: fc.option(fc.record({ interval: size, strength: factor })),
    scale: factor,
    rope: fc.option(rope),
    ...{ qkNorm: fc.option(qkNorm), vNorm: maybeNorm, valuesAreKeys: fc.boolean() },
    ...{ useBiasQ: fc.boolean(), useBiasKv: fc.boolean(), useBiasO: fc.boolean() },
    ...{
      clipQkv: fc.option(factor),
      softcap: fc.option(factor),
      useSinks: fc.boolean(),
      outputGate: fc.constantFrom(null, 'per_number', 'per_head'),
    },
    ...{ outputNorm: maybeNorm, alibiSlopes: fc.option(fc.array(factor, { minLength: 4, maxLength: 4 })) },
  })
  .map(({ kvHeads, seen, ...rest }) =>
    attentionSpec({ ...rest, ...seen, hiddenDim, numHeads: 4, numKvHeads: kvHeads }),
  );

const mla = fc
  .record({
    ...{ numHeads: size, qLoraRank: fc.option(size), kvLoraRank: size, qkNopeHeadDim: size, vHeadDim: size },
    ...{ qkRopeHeadDim: fc.constant(4), rope: fc.option(rope), scale: factor, latentNorm: norm, useBias: fc.boolean() },
    selection: fc.option(
      fc.record({
        ...{ kind: fc.constant('own'), numHeads: size, headDim: fc.constant(5), topK: size, normEps: factor },
        layout: fc.constantFrom('half', 'interleaved'),
      }),
    ),
  })
  .map((options) =>
    mlaSpec({ ...options, hiddenDim, selection: options.qLoraRank === null ? null : options.selection }),
  );

const ssd = fc
  .record({
    ...{ group: size, numGroups: size, headDim: size, stateDim: size, convWidth: fc.constantFrom(2, 4) },
    ...{ useBiasConv: fc.boolean(), useBias: fc.boolean(), normEps: factor, minTimeStep: fc.option(factor) },
  })
  .map(({ group, ...options }) => ssdSpec({ ...options, hiddenDim, numHeads: group * options.numGroups }));

const gatedDelta = fc
  .record({
    ...{ group: size, numKeyHeads: size, headDim: size, keyDim: size, convWidth: fc.constantFrom(2, 4) },
    ...{ activation: fc.constantFrom(...activationTypeSchema.options), normEps: factor },
  })
  .map(({ group, ...options }) => gatedDeltaSpec({ ...options, hiddenDim, numHeads: group * options.numKeyHeads }));

const gating = { innerLimit: fc.option(factor), upOffset: fc.constantFrom(0, 1, -0.1) };

const dense = fc
  .record({
    intermediateDim: size,
    activation: fc.constantFrom(...activationTypeSchema.options),
    useGate: fc.boolean(),
    useBias: fc.boolean(),
    innerNorm: maybeNorm,
    ...gating,
  })
  .map(({ innerLimit, upOffset, ...options }) =>
    ffnSpec({ ...options, ...(options.useGate ? { innerLimit, upOffset } : {}), hiddenDim }),
  );

const branchNorms = fc.record({ pre: maybeNorm, post: maybeNorm });

const moe = fc
  .record({
    intermediateDim: size,
    activation: fc.constantFrom(...activationTypeSchema.options),
    router: fc.record({
      score: fc.constantFrom('softmax', 'sigmoid'),
      order: fc.constantFrom('score_then_topk', 'topk_then_score'),
      ...{ normalize: fc.boolean(), scale: factor, useSelectionBias: fc.boolean(), useBias: fc.boolean() },
      ...{
        scored: fc.constantFrom('outputs', 'inputs'),
        norm: maybeNorm,
        logitScale: factor,
        useExpertScale: fc.boolean(),
      },
      groups: fc.option(
        fc.record({ count: fc.constant(2), chosen: fc.constant(1), score: fc.constantFrom('max', 'top2_sum') }),
      ),
    }),
    ...{ useBias: fc.boolean(), ...gating },
    norms: branchNorms,
    shared: fc.option(fc.record({ ffn: dense, useGate: fc.boolean(), norms: branchNorms })),
  })
  .map((options) => moeSpec({ ...options, hiddenDim, numExperts: 4, topK: 2 }));

const layer = fc
  .record({
    mixer: fc.oneof(attention, mla, ssd, gatedDelta),
    ffn: fc.option(fc.oneof(dense, moe)),
    norms: fc.record({ preMixer: maybeNorm, postMixer: maybeNorm, preFfn: maybeNorm, postFfn: maybeNorm }),
    arrangement: fc.constantFrom(
      { residual: 'sequential', postNormOf: 'sublayer' } as const,
      { residual: 'sequential', postNormOf: 'residual' } as const,
      { residual: 'parallel', postNormOf: 'sublayer' } as const,
    ),
    ...{ residualScale: factor, useOutputScale: fc.boolean() },
  })
  .map(({ arrangement, norms, ffn, ...options }) => {
    const ofFfn = ffn === null ? { preFfn: null, postFfn: null } : {};
    return layerSpec({ ...options, ...arrangement, ffn, norms: { ...norms, ...ofFfn } });
  });

const model = fc
  .record({
    vocabSize: size,
    layers: fc.array(layer, { minLength: 1, maxLength: 4 }),
    maxSeqLen: size,
    ...{ embeddingScale: factor, embeddingNorm: maybeNorm, finalNorm: maybeNorm },
    learnedPositions: fc.option(fc.constant({ size: 4 })),
    ...{ tieEmbeddings: fc.boolean(), useBiasHead: fc.boolean(), logitScale: factor, logitSoftcap: fc.option(factor) },
  })
  .map((options) => modelSpec({ ...options, hiddenDim }));

test('whatever a specification says, its JSON says exactly', () => {
  fc.assert(
    fc.property(model, (spec) => {
      const text = JSON.stringify(spec);
      const again = parseModelSpec(JSON.parse(text));
      expect(again).toEqual(spec);
      expect(JSON.stringify(again)).toBe(text);
    }),
  );
});
