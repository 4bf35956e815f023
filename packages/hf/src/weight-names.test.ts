import { expect, test } from 'vitest';
import { convertConfig } from './convert.ts';
import { expectedParameters } from './expected-parameters.ts';
import { ggufModels } from './gguf/index.ts';
import { models } from './models/index.ts';
import { parameterName, placesOf, tensorName, type WeightNames } from './weight-names.ts';

const families = [
  ...models.map(({ modelType, weights }) => ({ name: modelType, weights })),
  ...ggufModels.map(({ architecture, weights }) => ({ name: `${architecture} (GGUF)`, weights })),
];

test.each(families)('$name: the table reads both ways', ({ weights }) => {
  for (const ours of Object.keys(weights)) {
    const parameter = `${ours.replace('{i}', '31')}${ours.endsWith('.weight') ? '' : '.bias'}`;
    const places = placesOf(weights, parameter);
    expect(places).not.toEqual([]);
    for (const { tensor } of places) {
      // A tensor that holds several parameters has the name of the first.
      const back = parameterName(weights, tensor.replace('{e}', '7')) ?? '';
      expect(placesOf(weights, back).map((place) => place.tensor)).toContain(tensor);
    }
  }
});

test('a parameter of a layer lies in tensors of that layer, one of the model in others', () => {
  const weights: WeightNames = { 'layers.{i}.a': ['blk.{i}.a', 'a'], b: { tensor: 'blk.{i}.b' } };
  expect(placesOf(weights, 'layers.3.a.weight')).toEqual([{ tensor: 'blk.3.a.weight' }]);
  expect(placesOf(weights, 'b.weight')).toEqual([]);
});

test('names that no table has', () => {
  const weights = { 'layers.{i}.a': 'blk.{i}.b', c: 'd' };
  expect(tensorName(weights, 'layers.3.b.weight')).toBeNull();
  expect(tensorName(weights, 'layers.x.a.weight')).toBeNull();
  expect(tensorName(weights, 'e')).toBeNull();
  expect(parameterName(weights, 'blk.{i}.b.weight')).toBeNull();
});

test('the parameters of a llama, and what its checkpoints call them', () => {
  const { spec, family } = convertConfig({
    model_type: 'llama',
    vocab_size: 10,
    hidden_size: 8,
    intermediate_size: 12,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    mlp_bias: true,
  });
  const parameters = expectedParameters(spec);
  expect(Object.fromEntries(parameters)).toEqual({
    'embedding.weight': [10, 8],
    'layers.0.preMixerNorm.weight': [8],
    'layers.0.mixer.q.weight': [8, 8],
    'layers.0.mixer.k.weight': [4, 8],
    'layers.0.mixer.v.weight': [4, 8],
    'layers.0.mixer.o.weight': [8, 8],
    'layers.0.preFfnNorm.weight': [8],
    'layers.0.ffn.gate.weight': [12, 8],
    'layers.0.ffn.gate.bias': [12],
    'layers.0.ffn.up.weight': [12, 8],
    'layers.0.ffn.up.bias': [12],
    'layers.0.ffn.down.weight': [8, 12],
    'layers.0.ffn.down.bias': [8],
    'finalNorm.weight': [8],
    'lmHead.weight': [10, 8],
  });
  const tensors = [...parameters.keys()].map((name) => tensorName(family.weights, name));
  expect(tensors).toContain('model.layers.0.self_attn.q_proj.weight');
  expect(tensors).not.toContain(null);
});
