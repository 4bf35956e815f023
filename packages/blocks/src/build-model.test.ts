import { elementCount, type Graph, indexBounds, printGraph, scopesOf, validate } from '@tttv2/graph';
import {
  alibiSlopes,
  attentionSpec,
  countParameters,
  ffnSpec,
  type LayerSpec,
  layerSpec,
  mlaSpec,
  modelSpec,
  moeSpec,
  type QkNormOptions,
  type UniformOptions,
  uniformModelSpec,
} from '@tttv2/spec';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildModel } from './build-model.ts';

const size = fc.integer({ min: 1, max: 4 });
const headNorm = { normType: 'rms_norm', normEps: 1e-6, useBias: false, weight: 'plain' } as const;
const options = fc
  .record({
    ...{ vocabSize: size, numLayers: size, intermediateDim: size, numKvHeads: size, group: size, half: size },
    ...{ useBiasQ: fc.boolean(), useBiasKv: fc.boolean(), useBiasO: fc.boolean(), useGate: fc.boolean() },
    ...{ useBias: fc.boolean(), preNorm: fc.boolean(), tieEmbeddings: fc.boolean(), useRotary: fc.boolean() },
    normType: fc.constantFrom('rms_norm', 'layer_norm'),
    slidingWindowSize: fc.option(size),
    learnedPositions: fc.option(fc.record({ size })),
    postNorm: fc.boolean(),
    normWeight: fc.constantFrom('plain', 'one_plus', 'none'),
    qkNorm: fc.option(
      fc.constantFrom<QkNormOptions>(
        ...(['per_head', 'full_width', 'per_head_weights'] as const).map((scope) => ({ norm: headNorm, scope })),
        { norm: { ...headNorm, weight: 'none' }, scope: 'per_head', order: 'after_rope' },
      ),
    ),
    ...{
      clipQkv: fc.option(size),
      softcap: fc.option(size),
      useSinks: fc.boolean(),
      outputGate: fc.constantFrom(null, 'per_number', 'per_head'),
    },
    ...{ vNorm: fc.option(fc.constant(headNorm)), valuesAreKeys: fc.boolean(), useOutputScale: fc.boolean() },
    queryGrowth: fc.option(fc.record({ interval: size, strength: size })),
    ...{ residualScale: size, logitScale: size, logitSoftcap: fc.option(size), useBiasHead: fc.boolean() },
    ...{ embeddingNorm: fc.option(fc.constant(headNorm)), outputNorm: fc.option(fc.constant(headNorm)) },
    innerNorm: fc.option(fc.constant(headNorm)),
    isParallel: fc.boolean(),
  })
  .map(({ group, half, isParallel, ...rest }): UniformOptions => {
    const numHeads = rest.numKvHeads * group;
    const residual = isParallel && rest.preNorm ? 'parallel' : 'sequential';
    return { ...rest, residual, numHeads, hiddenDim: 2 * half * numHeads };
  });

function elements({ parameters }: Graph, isCounted: (name: string) => boolean = () => true): number {
  return Object.entries(parameters).reduce(
    (sum, [name, { shape }]) => sum + (isCounted(name) ? elementCount(shape) : 0),
    0,
  );
}

test('every model is a valid graph, with the parameters that the specification counts', () => {
  fc.assert(
    fc.property(options, (given) => {
      const spec = uniformModelSpec(given);
      const graph = buildModel(spec);
      expect(validate(graph)).toEqual(graph);
      const count = countParameters(spec);
      expect(elements(graph)).toBe(count.total);
      expect(elements(graph, (name) => name.includes('.mixer.'))).toBe(count.mixers);
      expect(elements(graph, (name) => name.includes('.ffn.'))).toBe(count.ffns);
      expect(elements(graph, (name) => /^(layers\.\d+\.)?(\w+Norm\.|outputScale)/.test(name))).toBe(count.norms);
    }),
  );
});

const small = {
  ...{ vocabSize: 11, hiddenDim: 16, numLayers: 2, numHeads: 4, numKvHeads: 2, intermediateDim: 24 },
  ...{ useBiasQ: false, useBiasKv: false },
};

test('gives logits of the wanted rows', () => {
  const graph = buildModel(uniformModelSpec(small));
  const logits = graph.nodes.find(({ id }) => id === graph.outputs.logits);
  expect(logits?.type).toEqual({ dtype: 'float32', shape: ['R', 11] });
});

test('each layer is a scope with its parts, and its own cache', () => {
  const graph = buildModel(uniformModelSpec(small));
  const scopes = [...scopesOf(graph).values()].filter(({ output }) => output !== null).map(({ path }) => path);
  const parts = ['preMixerNorm', 'mixer', 'mixer/q', 'mixer/k', 'mixer/v', 'mixer/o', 'preFfnNorm', 'ffn'];
  const layer = (i: number) => [`layers.${i}`, ...parts.map((part) => `layers.${i}/${part}`)];
  expect(scopes).toEqual(expect.arrayContaining(['embedding', ...layer(0), ...layer(1), 'finalNorm', 'lmHead']));
  expect(Object.keys(graph.states)).toEqual(['layers.0.mixer.cache', 'layers.1.mixer.cache']);
});

test('a tied head is the embedding’s weight', () => {
  const graph = buildModel(uniformModelSpec({ ...small, tieEmbeddings: true }));
  expect(graph.nodes.at(-1)?.inputs[1]).toBe('embedding.weight');
});

test('learned positions are looked up by where a token stands, and added to its embedding', () => {
  const learned = { ...small, useRotary: false, embeddingScale: 4, learnedPositions: { size: 32 } };
  const graph = buildModel(uniformModelSpec(learned));
  expect(graph.parameters['positions.weight']?.shape).toEqual([32, 16]);
  expect(graph.nodes.slice(0, 4).map(({ op, scope, inputs }) => [op, scope, inputs])).toEqual([
    ['gather_rows', 'embedding', ['embedding.weight', 'tokens']],
    ['affine', 'embedding', ['%0']],
    ['gather_rows', 'embedding', ['positions.weight', 'positions']],
    ['add', 'embedding', ['%1', '%2']],
  ]);
  expect(indexBounds(graph)).toEqual({ tokens: 11, positions: 32 });
});

test('q and k are normalised before they turn, each head or all of them at once', () => {
  const norm = { normType: 'rms_norm', normEps: 1e-6, useBias: false, weight: 'one_plus' } as const;
  const opsOf = (scope: 'per_head' | 'full_width') => {
    const graph = buildModel(uniformModelSpec({ ...small, qkNorm: { norm, scope } }));
    const width = graph.parameters['layers.0.mixer.k.norm.weight']?.shape;
    const ops = graph.nodes.filter(({ scope }) => scope.startsWith('layers.0/mixer/k')).map(({ op }) => op);
    return [width, ops.join(' ')];
  };
  expect(opsOf('per_head')).toEqual([[4], 'linear reshape affine rms_norm rotary']);
  expect(opsOf('full_width')).toEqual([[8], 'linear affine rms_norm reshape rotary']);
});

test('heads may be normalised by weights of their own, or after they turn', () => {
  const opsOf = (qkNorm: QkNormOptions) => {
    const graph = buildModel(uniformModelSpec({ ...small, qkNorm, clipQkv: 2 }));
    const width = graph.parameters['layers.0.mixer.q.norm.weight']?.shape;
    const ops = graph.nodes.filter(({ scope }) => scope.startsWith('layers.0/mixer/q')).map(({ op }) => op);
    return [width, ops.join(' ')];
  };
  expect(opsOf({ norm: headNorm, scope: 'per_head_weights' })).toEqual([
    [4, 4],
    'linear clamp reshape constant rms_norm mul rotary',
  ]);
  expect(opsOf({ norm: headNorm, scope: 'per_head', order: 'after_rope' })).toEqual([
    [4],
    'linear clamp reshape rotary rms_norm',
  ]);
});

test('parallel sublayers read the layer’s input, by one norm or two, and are both added to it', () => {
  const inputsOf = (graph: Graph, from: RegExp) =>
    graph.nodes.filter(({ scope }) => from.test(scope)).map(({ scope, inputs: [x] }) => [scope, scopeOf(graph, x)]);
  const scopeOf = (graph: Graph, name = '') => graph.nodes.find(({ id }) => id === name)?.scope;
  const first = /^layers.0.(mixer.q|ffn.up|preFfnNorm)$/;
  const graph = buildModel(uniformModelSpec({ ...small, useRotary: false, residual: 'parallel', residualScale: 0.5 }));
  expect(inputsOf(graph, first).filter(([, from]) => from === 'layers.0/preMixerNorm')).toHaveLength(2);
  const sums = graph.nodes.filter(({ scope }) => scope === 'layers.0');
  expect(sums.map(({ op, inputs }) => [op, ...inputs.map((name) => scopeOf(graph, name))])).toEqual([
    ['affine', 'layers.0/mixer/o'],
    ['add', 'layers.0', 'embedding'],
    ['affine', 'layers.0/ffn/down'],
    ['add', 'layers.0', 'layers.0'],
  ]);
  const norms = { preMixer: headNorm, postMixer: null, preFfn: headNorm, postFfn: null };
  const two = buildModel(uniformModelSpec({ ...small, residual: 'parallel', norms }));
  expect(inputsOf(two, first)).toContainEqual(['layers.0/preFfnNorm', 'embedding']);
});

test('logits have the head’s bias, are scaled, then bounded', () => {
  const headOf = (options: Partial<UniformOptions>) =>
    buildModel(uniformModelSpec({ ...small, ...options })).nodes.filter(({ scope }) => scope === 'lmHead');
  const [linear, ...rest] = headOf({ useBiasHead: true, tieEmbeddings: true, logitScale: 0.5, logitSoftcap: 30 });
  expect(linear?.inputs.slice(1)).toEqual(['embedding.weight', 'lmHead.bias']);
  expect(rest.map(({ op, attrs }) => [op, attrs])).toEqual([
    ['affine', { scale: 0.5 / 30, offset: 0 }],
    ['activation', { fn: 'tanh' }],
    ['affine', { scale: 30, offset: 0 }],
  ]);
  expect(headOf({ logitScale: 0.5 }).map(({ op }) => op)).toEqual(['linear', 'affine']);
  expect(headOf({}).map(({ op }) => op)).toEqual(['linear']);
});

test('norms stand where the layer says', () => {
  const [layer] = uniformModelSpec(small).layers;
  if (layer === undefined) throw new Error('no layer');
  const norm = layer.norms.preMixer;
  const table = { theta: 100, rotaryDim: 4, layout: 'half', scaling: { kind: 'default' } } as const;
  const order = (norms: LayerSpec['norms'], postNormOf: LayerSpec['postNormOf']) => {
    const layers = [{ ...layer, norms, postNormOf }];
    const graph = buildModel(modelSpec({ vocabSize: 11, hiddenDim: 16, layers, ropeTables: { main: table } }));
    const opOf = (name = '') => graph.nodes.find(({ id }) => id === name)?.op;
    return graph.nodes
      .filter(({ op, scope }) => scope.startsWith('layers.0') && /add|norm|attention|glu/.test(op))
      .map(({ op, scope, inputs }) =>
        op === 'rms_norm' ? `${scope.replace('layers.0/', '')}(${opOf(inputs[0])})` : op,
      )
      .join(' ');
  };
  const none = { preMixer: null, postMixer: null, preFfn: null, postFfn: null };
  expect(order({ ...none, preMixer: norm, preFfn: norm }, 'sublayer')).toBe(
    'preMixerNorm(gather_rows) attention add preFfnNorm(add) glu add',
  );
  expect(order({ ...none, postMixer: norm, postFfn: norm }, 'residual')).toBe(
    'attention add postMixerNorm(add) glu add postFfnNorm(add)',
  );
  expect(order({ preMixer: norm, postMixer: norm, preFfn: norm, postFfn: norm }, 'sublayer')).toBe(
    'preMixerNorm(gather_rows) attention postMixerNorm(linear) add preFfnNorm(add) glu postFfnNorm(linear) add',
  );
  expect(order(none, 'sublayer')).toBe('attention add glu add');
});

const branchNorms = fc.constantFrom(
  { pre: null, post: null },
  { pre: headNorm, post: null },
  { pre: null, post: headNorm },
);

const expertOptions = fc.record({
  ...{ numExperts: fc.constantFrom(2, 4), topK: fc.constantFrom(1, 2), intermediateDim: size, useBias: fc.boolean() },
  gating: fc.oneof(
    fc.record({ useGate: fc.constant(true), innerLimit: fc.option(size), upOffset: fc.constantFrom(0, 1) }),
    fc.constant({ useGate: false, innerLimit: null, upOffset: 0 }),
  ),
  latentDim: fc.option(size),
  router: fc.record({
    ...{ useSelectionBias: fc.boolean(), useBias: fc.boolean(), scored: fc.constantFrom('inputs', 'outputs') },
    ...{ norm: fc.option(fc.constant(headNorm)), logitScale: size, useExpertScale: fc.boolean() },
  }),
  shared: fc.option(
    fc.record({
      ...{
        ffn: fc.constant(ffnSpec({ hiddenDim: 16, intermediateDim: 3 })),
        useGate: fc.boolean(),
        norms: branchNorms,
      },
    }),
  ),
  norms: branchNorms,
});

test('experts, biases, and what all tokens share are the parameters that the specification counts', () => {
  const attention = attentionSpec({ hiddenDim: 16, numHeads: 2 });
  fc.assert(
    fc.property(expertOptions, ({ gating, ...options }) => {
      const layer = layerSpec({ attention, ffn: moeSpec({ ...options, ...gating, hiddenDim: 16 }) });
      const spec = modelSpec({ vocabSize: 11, hiddenDim: 16, layers: [layer] });
      const graph = buildModel(spec);
      expect(validate(graph)).toEqual(graph);
      expect(elements(graph, (name) => name.includes('.ffn.'))).toBe(countParameters(spec).ffns);
      const node = graph.nodes.find(({ op }) => op === 'moe');
      const { useGate: gated, innerLimit: limit, upOffset } = gating;
      const { topK, router } = options;
      expect(node?.attrs).toMatchObject({ topK, gated, limit, upOffset, scored: router.scored });
    }),
  );
});

test('a layer may be a network alone, which its own norm precedes', () => {
  const ffn = ffnSpec({ hiddenDim: 16, intermediateDim: 3, useGate: false });
  const spec = modelSpec({ vocabSize: 11, hiddenDim: 16, layers: [layerSpec({ mixer: null, ffn })] });
  const graph = buildModel(spec);
  const ops = graph.nodes.filter(({ scope }) => scope.startsWith('layers.0')).map(({ op, scope }) => [scope, op]);
  expect(ops).toEqual([
    ['layers.0/preFfnNorm', 'rms_norm'],
    ['layers.0/ffn/up', 'linear'],
    ['layers.0/ffn', 'activation'],
    ['layers.0/ffn/down', 'linear'],
    ['layers.0', 'add'],
  ]);
  expect(spec.finalNorm).toEqual(spec.layers[0]?.norms.preFfn);
  expect(elements(graph, () => true)).toBe(countParameters(spec).total);
});

test('a dense network may bound and raise what it multiplies, too', () => {
  const graph = buildModel(uniformModelSpec({ ...small, innerLimit: 7, upOffset: 1 }));
  const ops = graph.nodes.filter(({ scope }) => scope === 'layers.0/ffn');
  expect(ops.map(({ op, attrs }) => [op, attrs])).toEqual([
    ['clamp', { min: -7, max: 7 }],
    ['affine', { scale: 1, offset: 1 }],
    ['clamp', { min: expect.any(Number), max: 7 }],
    ['glu', { fn: 'silu' }],
  ]);
});

test('latent attention makes heads of latents, and caches values as wide as keys', () => {
  const dims = { hiddenDim: 16, numHeads: 2, kvLoraRank: 6, qkNopeHeadDim: 5, qkRopeHeadDim: 4 };
  const ffn = ffnSpec({ hiddenDim: 16, intermediateDim: 24 });
  fc.assert(
    fc.property(fc.option(size), fc.integer({ min: 1, max: 9 }), fc.boolean(), (qLoraRank, vHeadDim, useBias) => {
      const layer = layerSpec({ attention: mlaSpec({ ...dims, qLoraRank, vHeadDim, useBias }), ffn });
      const spec = modelSpec({ vocabSize: 11, hiddenDim: 16, layers: [layer] });
      const graph = buildModel(spec);
      expect(validate(graph)).toEqual(graph);
      expect(elements(graph)).toBe(countParameters(spec).total);
      expect(elements(graph, (name) => name.includes('.mixer.'))).toBe(countParameters(spec).mixers);
      expect(graph.states['layers.0.mixer.cache']).toMatchObject({ numKvHeads: 2, headDim: 9 });
      const names = Object.keys(graph.parameters).filter((name) => name.startsWith('layers.0.mixer.q'));
      expect(names.includes('layers.0.mixer.q.down.weight')).toBe(qLoraRank !== null);
    }),
  );
});

test('with linear biases, keys bring their position and queries the slope of their head', () => {
  const slopes = alibiSlopes(4);
  const graph = buildModel(uniformModelSpec({ ...small, useRotary: false, scale: 0.5, alibiSlopes: slopes }));
  expect(validate(graph)).toEqual(graph);
  expect(graph.states['layers.0.mixer.cache']).toMatchObject({ headDim: 5, stored: 'float32' });
  const slope = graph.nodes.find(({ scope, op }) => scope === 'layers.0/mixer/slopes' && op === 'constant');
  expect(slope?.attrs).toEqual({ shape: [4, 1], data: slopes.map((one) => one / 0.5) });
  const opsOf = (scope: string) =>
    graph.nodes.filter((node) => node.scope === `layers.0/mixer/${scope}`).map(({ op }) => op);
  expect(opsOf('positions')).toEqual(['slice', 'affine', 'to_float', 'reshape', 'add', 'concat']);
});

test('a layer selects tokens beside its queries, and later ones see the same', () => {
  const selection = { kind: 'own', numHeads: 3, headDim: 6, topK: 4, layout: 'half', normEps: 1e-6 } as const;
  const dims = {
    hiddenDim: 16,
    numHeads: 2,
    qLoraRank: 8,
    kvLoraRank: 8,
    qkNopeHeadDim: 4,
    qkRopeHeadDim: 4,
    vHeadDim: 4,
  };
  const rope = { theta: 100, rotaryDim: 4, layout: 'interleaved', scaling: { kind: 'default' } } as const;
  const layers = [selection, { kind: 'shared', topK: 4 } as const].map((one) =>
    layerSpec({ attention: mlaSpec({ ...dims, rope, selection: one }), ffn: null }),
  );
  const spec = modelSpec({ vocabSize: 11, hiddenDim: 16, layers });
  const graph = buildModel(spec);
  expect(validate(graph)).toEqual(graph);
  expect(elements(graph)).toBe(countParameters(spec).total);
  const [selecting] = graph.nodes.filter(({ op }) => op === 'select_keys');
  expect(selecting).toMatchObject({ scope: 'layers.0/mixer/q/selection', attrs: { topK: 4 } });
  const attentions = graph.nodes.filter(({ op }) => op === 'attention');
  expect(attentions.map(({ inputs }) => inputs.at(-1))).toEqual([selecting?.id, selecting?.id]);
  const layouts = graph.nodes.flatMap((node) => (node.op === 'rotary' ? [[node.scope, node.attrs.layout]] : []));
  expect(layouts).toContainEqual(['layers.0/mixer/q/selection/k', 'half']);
  expect(layouts).toContainEqual(['layers.0/mixer/kRope', 'interleaved']);
});

test('values may be the projected keys, before these are normalised and turned', () => {
  const norm = { normType: 'rms_norm', normEps: 1e-6, useBias: false } as const;
  const options = {
    valuesAreKeys: true,
    vNorm: { ...norm, weight: 'none' },
    qkNorm: { norm, scope: 'per_head' },
  } as const;
  const graph = buildModel(uniformModelSpec({ ...small, ...options, useOutputScale: true }));
  const names = Object.keys(graph.parameters).filter((name) => /layers\.0\.(mixer|output)/.test(name));
  expect(names).toEqual(expect.arrayContaining(['layers.0.mixer.kv.weight', 'layers.0.mixer.k.norm.weight']));
  expect(names).not.toContain('layers.0.mixer.v.weight');
  const ofKv = graph.nodes.findLast(({ scope }) => scope === 'layers.0/mixer/kv')?.id ?? '';
  const readers = graph.nodes.filter(({ inputs }) => inputs.includes(ofKv)).map(({ scope }) => scope);
  expect(readers).toEqual(['layers.0/mixer/k', 'layers.0/mixer/v']);
  const last = graph.nodes.findLast(({ scope }) => scope === 'layers.0');
  expect(last).toMatchObject({ op: 'mul', inputs: [expect.anything(), 'layers.0.outputScale'] });
});

test('chunks reach the op, and queries grow by their place in the sequence', () => {
  const graph = buildModel(uniformModelSpec({ ...small, chunkSize: 8, queryGrowth: { interval: 4, strength: 0.5 } }));
  expect(graph.nodes.find(({ op }) => op === 'attention')?.attrs).toMatchObject({ window: null, chunk: 8 });
  const nodes = graph.nodes.filter(({ scope }) => scope === 'layers.0/mixer/growth');
  expect(nodes.map(({ op }) => op)).toEqual([
    'to_float',
    'affine',
    'constant',
    'div',
    'floor',
    'affine',
    'log',
    'affine',
    'reshape',
    'mul',
  ]);
  expect(nodes[0]?.inputs).toEqual(['cacheIndex']);
});

test('heads, scale, window, cap, sinks and rotation reach the ops', () => {
  const options = { slidingWindowSize: 5, scale: 0.25, rotaryBase: 500, softcap: 50, useSinks: true };
  const graph = buildModel(uniformModelSpec({ ...small, ...options }));
  const attention = graph.nodes.find(({ op }) => op === 'attention');
  expect(attention?.attrs).toMatchObject({ scale: 0.25, window: 5, softcap: 50, state: 'layers.0.mixer.cache' });
  expect(attention?.inputs.at(-1)).toBe('layers.0.mixer.sinks');
  expect(graph.states['layers.0.mixer.cache']).toMatchObject({ numKvHeads: 2, headDim: 4 });
  const rotaries = graph.nodes.filter(({ op, scope }) => op === 'rotary' && scope.startsWith('layers.0'));
  expect(rotaries.map(({ scope }) => scope)).toEqual(['layers.0/mixer/q', 'layers.0/mixer/k']);
  expect(rotaries.map(({ attrs }) => attrs)).toEqual(rotaries.map(() => expect.objectContaining({ theta: 500 })));
  const bare = buildModel(uniformModelSpec({ ...small, useRotary: false }));
  expect(printGraph(bare)).not.toMatch(/rotary|positions/);
});
