import { countParameters, type ModelSpec } from '@tttv2/spec';
import { describe, expect, test } from 'vitest';
import { convertConfig } from '../convert.ts';
import { expectedParameters } from '../expected-parameters.ts';
import { parameterName, tensorName } from '../weight-names.ts';
import { models } from './index.ts';

const dims = {
  hidden_size: 64,
  intermediate_size: 96,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 100,
};
const specOf = (config: object) => convertConfig({ ...dims, num_hidden_layers: 4, ...config }).spec;
const windowsOf = ({ layers }: ModelSpec) => layers.map(({ mixer }) => mixer.slidingWindowSize);
const ropesOf = ({ layers, ropeTables }: ModelSpec) => layers.map(({ mixer }) => ropeTables[mixer.rope ?? '']?.theta);

describe('mistral', () => {
  test('a missing window is the class’s own, null is none', () => {
    expect(windowsOf(specOf({ model_type: 'mistral' }))).toEqual([4096, 4096, 4096, 4096]);
    expect(windowsOf(specOf({ model_type: 'mistral', sliding_window: null }))).toEqual([null, null, null, null]);
  });
});

describe('qwen2', () => {
  test('has biases on q, k and v, which no key says', () => {
    expect(specOf({ model_type: 'qwen2' }).layers[0]?.mixer).toMatchObject({
      useBiasQ: true,
      useBiasKv: true,
      useBiasO: false,
    });
  });

  test.each([
    ['the key alone is no window', { sliding_window: 131072 }, [null, null, null, null]],
    ['nor is it when it is switched off', { sliding_window: 8, use_sliding_window: false }, [null, null, null, null]],
    [
      'from max_window_layers on',
      { sliding_window: 8, use_sliding_window: true, max_window_layers: 2 },
      [null, null, 8, 8],
    ],
    [
      'as layer_types says',
      {
        sliding_window: 8,
        use_sliding_window: true,
        layer_types: ['sliding_attention', 'full_attention', 'full_attention', 'sliding_attention'],
      },
      [8, null, null, 8],
    ],
  ])('%s', (_, keys, windows) => {
    expect(windowsOf(specOf({ model_type: 'qwen2', ...keys }))).toEqual(windows);
  });

  test('a list of the wrong length, or sliding layers without a window, are refused by name', () => {
    const sliding = { model_type: 'qwen2', use_sliding_window: true };
    expect(() => specOf({ ...sliding, sliding_window: 8, layer_types: ['full_attention'] })).toThrow(
      'layer_types: has 1 entries, but num_hidden_layers is 4',
    );
    expect(() => specOf({ ...sliding, layer_types: Array(4).fill('sliding_attention') })).toThrow(
      'sliding_window: is missing, but layer_types has sliding_attention',
    );
    expect(() => specOf({ ...sliding, layer_types: Array(4).fill('chunked_attention') })).toThrow(
      '"chunked_attention" is not supported; there are full_attention, sliding_attention',
    );
  });
});

describe('qwen3', () => {
  test('normalises each head of q and k', () => {
    const spec = specOf({ model_type: 'qwen3', head_dim: 32 });
    expect(spec.layers[0]?.mixer).toMatchObject({ headDim: 32, useBiasQ: false, qkNorm: { scope: 'per_head' } });
    expect(expectedParameters(spec).get('layers.0.mixer.q.norm.weight')).toEqual([32]);
  });
});

describe('gemma3_text', () => {
  const gemma = { model_type: 'gemma3_text', head_dim: 24 };

  test('every sixth layer sees all, by a table of its own; as hub files say it and as transformers 5 does', () => {
    const hub = specOf({
      ...gemma,
      num_hidden_layers: 7,
      sliding_window: 8,
      rope_theta: 500000,
      rope_local_base_freq: 5000,
      rope_scaling: { rope_type: 'linear', factor: 8 },
    });
    expect(windowsOf(hub)).toEqual([8, 8, 8, 8, 8, null, 8]);
    expect(ropesOf(hub)).toEqual([5000, 5000, 5000, 5000, 5000, 500000, 5000]);
    const types = Array.from({ length: 7 }, (_, i) => (i === 5 ? 'full_attention' : 'sliding_attention'));
    const written = specOf({
      ...gemma,
      num_hidden_layers: 7,
      sliding_window: 8,
      layer_types: types,
      rope_parameters: {
        full_attention: { rope_type: 'linear', factor: 8, rope_theta: 500000 },
        sliding_attention: { rope_type: 'default', rope_theta: 5000 },
      },
    });
    expect(written).toEqual(hub);
    expect(Object.values(hub.ropeTables).map(({ scaling }) => scaling.kind)).toEqual(['default', 'linear']);
  });

  test('scales embeddings and queries, adds one to weights of norms, normalises on both sides', () => {
    const spec = specOf({ ...gemma, query_pre_attn_scalar: 16 });
    expect(spec).toMatchObject({ embeddingScale: 8, tieEmbeddings: true, finalNorm: { weight: 'one_plus' } });
    expect(spec.layers[0]).toMatchObject({
      mixer: { scale: 0.25 },
      ffn: { activation: 'gelu_tanh' },
      norms: { postMixer: { weight: 'one_plus' }, postFfn: { weight: 'one_plus' } },
      postNormOf: 'sublayer',
    });
  });

  test('what no field can say is refused by its key', () => {
    expect(() => specOf({ ...gemma, final_logit_softcapping: 30 })).toThrow(
      'final_logit_softcapping: is not supported',
    );
    expect(() => specOf({ ...gemma, use_bidirectional_attention: true })).toThrow('use_bidirectional_attention');
  });
});

test.each(models)(
  '$modelType names every parameter that it has, both ways, and counts it',
  ({ modelType, weights }) => {
    const spec = specOf({ model_type: modelType });
    const parameters = [...expectedParameters(spec)];
    for (const [parameter] of parameters) {
      const tensor = tensorName(weights, parameter);
      expect(tensor, parameter).not.toBeNull();
      expect(parameterName(weights, tensor ?? '')).toBe(parameter);
    }
    const counted = parameters.reduce((sum, [, shape]) => sum + shape.reduce((product, dim) => product * dim, 1), 0);
    expect(countParameters(spec).total).toBe(counted);
  },
);
