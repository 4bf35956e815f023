import { elementCount, type Graph, indexBounds, printGraph, scopesOf, validate } from '@tttv2/graph';
import { countParameters, type LayerSpec, modelSpec, type UniformOptions, uniformModelSpec } from '@tttv2/spec';
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
    normWeight: fc.constantFrom('plain', 'one_plus'),
    qkNorm: fc.option(fc.record({ norm: fc.constant(headNorm), scope: fc.constantFrom('per_head', 'full_width') })),
  })
  .map(({ group, half, ...rest }): UniformOptions => {
    const numHeads = rest.numKvHeads * group;
    return { ...rest, numHeads, hiddenDim: 2 * half * numHeads };
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
      expect(elements(graph, (name) => /Norm\./.test(name))).toBe(count.norms);
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

test('heads, scale, window and rotation reach the ops', () => {
  const graph = buildModel(uniformModelSpec({ ...small, slidingWindowSize: 5, scale: 0.25, rotaryBase: 500 }));
  const attention = graph.nodes.find(({ op }) => op === 'attention');
  expect(attention?.attrs).toMatchObject({ scale: 0.25, window: 5, state: 'layers.0.mixer.cache' });
  expect(graph.states['layers.0.mixer.cache']).toMatchObject({ numKvHeads: 2, headDim: 4 });
  const rotaries = graph.nodes.filter(({ op, scope }) => op === 'rotary' && scope.startsWith('layers.0'));
  expect(rotaries.map(({ scope }) => scope)).toEqual(['layers.0/mixer/q', 'layers.0/mixer/k']);
  expect(rotaries.map(({ attrs }) => attrs)).toEqual(rotaries.map(() => expect.objectContaining({ theta: 500 })));
  const bare = buildModel(uniformModelSpec({ ...small, useRotary: false }));
  expect(printGraph(bare)).not.toMatch(/rotary|positions/);
});
