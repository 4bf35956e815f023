import { CheckpointError, type RopeScaling, SpecError, TttError, UnsupportedModelError } from '@tttv2/spec';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { convertConfig } from './convert.ts';

type ErrorClass = abstract new (facts: never) => TttError;

const tiny = {
  model_type: 'llama',
  vocab_size: 256,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 128,
  rms_norm_eps: 1e-5,
};

const ropeOf = (config: object) => convertConfig({ ...tiny, ...config }).spec.ropeTables.main;
const scalingOf = (config: object): RopeScaling | undefined => ropeOf(config)?.scaling;

test('a config becomes what the seed calls a uniform model', () => {
  const { spec, family, report } = convertConfig(tiny);
  expect(family.modelType).toBe('llama');
  expect(spec).toMatchObject({
    vocabSize: 256,
    hiddenDim: 64,
    numLayers: 2,
    maxSeqLen: 128,
    tieEmbeddings: false,
    ropeTables: { main: { theta: 10000, rotaryDim: 16, layout: 'half', scaling: { kind: 'default' } } },
  });
  expect(spec.layers[1]).toMatchObject({
    mixer: { numHeads: 4, numKvHeads: 2, headDim: 16, scale: 0.25, useBiasQ: false, useBiasKv: false, useBiasO: false },
    ffn: { intermediateDim: 96, activation: 'silu', useGate: true, useBias: false },
    norms: { preMixer: { normType: 'rms_norm', normEps: 1e-5 }, postMixer: null },
  });
  expect(report).toEqual({
    modelType: 'llama',
    understood: Object.keys(tiny).filter((key) => key !== 'model_type'),
    ignored: [],
    ignoredTensors: [],
    unknown: [],
  });
});

test('what is missing has the defaults of the family', () => {
  const { spec } = convertConfig({ model_type: 'llama' });
  expect(spec).toMatchObject({ vocabSize: 32000, hiddenDim: 4096, numLayers: 32, maxSeqLen: 2048 });
  expect(spec.layers[0]).toMatchObject({
    mixer: { numHeads: 32, numKvHeads: 32, headDim: 128 },
    ffn: { intermediateDim: 11008 },
    norms: { preMixer: { normEps: 1e-6 } },
  });
});

test('null is as good as missing, where transformers allows it', () => {
  const nulls = {
    num_key_value_heads: null,
    head_dim: null,
    rope_scaling: null,
    rope_parameters: null,
    rope_theta: null,
  };
  expect(convertConfig({ ...tiny, ...nulls }).spec.layers[0]?.mixer).toMatchObject({ numKvHeads: 4, headDim: 16 });
});

test('biases and the dimension of a head are free', () => {
  const { spec } = convertConfig({
    ...tiny,
    attention_bias: true,
    mlp_bias: true,
    head_dim: 24,
    hidden_act: 'gelu_new',
  });
  expect(spec.layers[0]).toMatchObject({
    mixer: { headDim: 24, useBiasQ: true, useBiasKv: true, useBiasO: true },
    ffn: { useBias: true, activation: 'gelu_tanh' },
  });
});

test('keys of the hub and keys of transformers 5 say the same', () => {
  const values = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 64 };
  const hub = convertConfig({
    ...tiny,
    torch_dtype: 'bfloat16',
    rope_theta: 5e5,
    rope_scaling: { type: 'llama3', ...values },
  });
  const parameters = { rope_type: 'llama3', rope_theta: 5e5, ...values };
  const written = convertConfig({ ...tiny, dtype: 'bfloat16', rope_parameters: parameters });
  expect(written.spec).toEqual(hub.spec);
  expect(hub.spec.ropeTables.main).toEqual({
    theta: 5e5,
    rotaryDim: 16,
    layout: 'half',
    scaling: { kind: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalMaxSeqLen: 64 },
  });
});

test('the base within the dictionary has precedence, then the one beside it', () => {
  expect(ropeOf({ rope_theta: 7, rope_parameters: { rope_type: 'default', rope_theta: 9 } })?.theta).toBe(9);
  expect(ropeOf({ rope_theta: 7, rope_parameters: { rope_type: 'default' } })?.theta).toBe(7);
  expect(ropeOf({ rope_scaling: {}, rope_parameters: { rope_type: 'default', rope_theta: 9 } })?.theta).toBe(9);
});

const yarn = { kind: 'yarn', originalMaxSeqLen: 128, betaFast: 32, betaSlow: 1, truncate: true };

test.each<[string, object, object]>([
  ['linear', { rope_type: 'linear', factor: 4 }, { kind: 'linear', factor: 4 }],
  ['dynamic', { type: 'dynamic', factor: 2 }, { kind: 'dynamic', factor: 2, originalMaxSeqLen: 128 }],
  [
    'llama3 without its own length',
    { rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 },
    { kind: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalMaxSeqLen: 128 },
  ],
  ['yarn', { type: 'yarn', factor: 4 }, { ...yarn, factor: 4, attentionFactor: 0.1 * Math.log(4) + 1 }],
  [
    'yarn, factor given by lengths',
    { type: 'yarn', original_max_position_embeddings: 32 },
    { ...yarn, factor: 4, originalMaxSeqLen: 32, attentionFactor: 0.1 * Math.log(4) + 1 },
  ],
  [
    'yarn, all given',
    {
      type: 'yarn',
      factor: 4,
      attention_factor: 0.5,
      beta_fast: 16,
      beta_slow: 2,
      truncate: false,
      original_max_position_embeddings: 32,
    },
    {
      kind: 'yarn',
      factor: 4,
      attentionFactor: 0.5,
      betaFast: 16,
      betaSlow: 2,
      truncate: false,
      originalMaxSeqLen: 32,
    },
  ],
  [
    'yarn with mscale',
    { type: 'yarn', factor: 4, mscale: 1, mscale_all_dim: 0.5 },
    { ...yarn, factor: 4, attentionFactor: (0.1 * Math.log(4) + 1) / (0.05 * Math.log(4) + 1) },
  ],
  ['yarn that shrinks', { type: 'yarn', factor: 1 }, { ...yarn, factor: 1, attentionFactor: 1 }],
  [
    'longrope',
    {
      type: 'longrope',
      short_factor: Array(8).fill(1),
      long_factor: Array(8).fill(2),
      original_max_position_embeddings: 32,
    },
    {
      kind: 'longrope',
      shortFactors: Array(8).fill(1),
      longFactors: Array(8).fill(2),
      originalMaxSeqLen: 32,
      attentionFactor: Math.sqrt(1 + Math.log(4) / Math.log(32)),
    },
  ],
])('rope: %s', (_, rope_scaling, expected) => {
  expect(scalingOf({ rope_scaling })).toEqual(expected);
});

test('dynamic scaling has no longest sequence; the original length beside the dictionary has precedence', () => {
  expect(convertConfig({ ...tiny, rope_scaling: { type: 'dynamic', factor: 2 } }).spec.maxSeqLen).toBeNull();
  const both = {
    original_max_position_embeddings: 16,
    rope_scaling: { type: 'yarn', factor: 4, original_max_position_embeddings: 32 },
  };
  expect(scalingOf(both)).toMatchObject({ originalMaxSeqLen: 16 });
});

test('every key is accounted for', () => {
  const { report } = convertConfig({
    ...tiny,
    use_cache: true,
    pretraining_tp: 2,
    window_size: 4096,
    quantization_config: null,
    rope_scaling: { type: 'linear', factor: 2, finetuned: true },
  });
  expect(report.ignored.map(({ key }) => key)).toEqual(['use_cache', 'pretraining_tp', 'quantization_config']);
  expect(report.unknown).toEqual(['window_size', 'rope_scaling.finetuned']);
});

test.each<[string, object, ErrorClass, RegExp]>([
  [
    'heads that do not divide',
    { num_attention_heads: 5 },
    SpecError,
    /^hidden_size: 64 is not divisible by num_attention_heads 5/,
  ],
  ['KV heads that do not divide', { num_key_value_heads: 3 }, SpecError, /^num_key_value_heads: 3 does not divide/],
  ['an odd head', { head_dim: 15 }, SpecError, /^head_dim: 15 is odd/],
  ['a word for a number', { hidden_size: '64' }, SpecError, /^hidden_size: .*expected number.*\(in config\.json\)/],
  ['layers without end', { num_hidden_layers: 1e9 }, SpecError, /^num_hidden_layers: /],
  ['linear without factor', { rope_scaling: { type: 'linear' } }, SpecError, /^rope_scaling\.factor: /],
  ['rope that is no dictionary', { rope_scaling: 'linear' }, SpecError, /^rope_scaling: /],
  ['a list for rope', { rope_scaling: [] }, SpecError, /^rope_scaling: /],
  [
    'frequencies upside down',
    { rope_scaling: { type: 'llama3', factor: 8, low_freq_factor: 4, high_freq_factor: 1 } },
    SpecError,
    /^rope_scaling\.high_freq_factor: must be above/,
  ],
  [
    'too few divisors',
    { rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1] } },
    SpecError,
    /1 factors for 8 pairs/,
  ],
  [
    'unknown rope',
    { rope_scaling: { type: 'mrope' } },
    UnsupportedModelError,
    /^rope_scaling\.type: "mrope" is not supported; there are default, linear/,
  ],
  [
    'unknown activation',
    { hidden_act: 'mish' },
    UnsupportedModelError,
    /^hidden_act: "mish" is not supported; there are silu/,
  ],
  ['an activation named like a method', { hidden_act: 'toString' }, UnsupportedModelError, /^hidden_act/],
  [
    'packed weights',
    { quantization_config: { quant_method: 'gptq' } },
    UnsupportedModelError,
    /quantization_config: weights quantised by "gptq" are not read/,
  ],
  [
    'packed weights of another kind',
    { quantization_config: { quant_method: 'awq', bits: 4 } },
    UnsupportedModelError,
    /"awq" are not read, only those by fp8 and mxfp4: use the unquantised checkpoint, or a GGUF file/,
  ],
  [
    'bitsandbytes, which did not write its name once',
    { quantization_config: { load_in_8bit: true } },
    UnsupportedModelError,
    /quantised by "bitsandbytes" are not read/,
  ],
  [
    'a quantisation without a name',
    { quantization_config: 'int4' },
    UnsupportedModelError,
    /quantised by some method are not read/,
  ],
  [
    'fp8 with experts of 4 bits',
    { quantization_config: { quant_method: 'fp8', expert_dtype: 'fp4' } },
    UnsupportedModelError,
    /^quantization_config\.expert_dtype: "fp4" is not supported; there are fp8/,
  ],
  [
    'fp8 whose blocks have three sides',
    { quantization_config: { quant_method: 'fp8', weight_block_size: [1, 2, 3] } },
    SpecError,
    /^quantization_config\.weight_block_size/,
  ],
])('%s', (_, change, type, message) => {
  const error = thrownBy(() => convertConfig({ ...tiny, ...change }));
  expect(error).toBeInstanceOf(type);
  expect(error.message).toMatch(message);
});

test('how weights are packed is read, and keys of it that nobody knows are told', () => {
  const fp8 = { quant_method: 'fp8', activation_scheme: 'dynamic', fmt: 'e4m3', weight_block_size: [64, 128], x: 1 };
  const { quantisation, report } = convertConfig({ ...tiny, quantization_config: fp8 });
  expect(quantisation).toEqual({ method: 'fp8', block: [64, 128] });
  expect(report.understood).toContain('quantization_config');
  expect(report.ignored.map(({ key }) => key)).not.toContain('quantization_config');
  expect(report.unknown).toContain('quantization_config.x');
  const block = (config: object) => convertConfig({ ...tiny, quantization_config: config }).quantisation;
  expect(block({ quant_method: 'fp8' })).toEqual({ method: 'fp8', block: [128, 128] });
  expect(block({ quant_method: 'fp8', weight_block_size: null })).toEqual({ method: 'fp8', block: null });
  expect(block({ quant_method: 'mxfp4' })).toEqual({ method: 'mxfp4' });
  expect(convertConfig(tiny).quantisation).toBeNull();
});

test('an unknown family is named, with the one most like it', () => {
  const error = thrownBy(() => convertConfig({ model_type: 'llama9' }));
  expect(error).toMatchObject({ modelType: 'llama9', nearest: 'llama', keys: ['model_type'] });
  expect(error.message).toMatch(/model_type "llama9" is not supported.*"llama".*supported are/);
  expect(thrownBy(() => convertConfig({ model_type: 'xlstm' }))).toMatchObject({ nearest: null });
  const untyped = thrownBy(() => convertConfig({ architectures: ['LlamaForCausalLM'] }));
  expect(untyped).toBeInstanceOf(UnsupportedModelError);
  expect(untyped.message).toMatch(/no "model_type", only "architectures": \["LlamaForCausalLM"\]/);
});

test.each([[null], [[]], ['llama'], [1]])('%j is not a config', (config) => {
  expect(() => convertConfig(config, 'x/config.json')).toThrow(CheckpointError);
  expect(() => convertConfig(config, 'x/config.json')).toThrow(/^x\/config\.json: /);
});

test('property: whatever a key holds, the outcome is a model or one of our errors', () => {
  const keys = [...Object.keys(tiny), 'head_dim', 'hidden_act', 'rope_scaling', 'rope_parameters', 'rope_theta'];
  const rope = fc.record(
    {
      type: fc.constantFrom('linear', 'dynamic', 'llama3', 'yarn', 'longrope'),
      factor: fc.double(),
      short_factor: fc.array(fc.double()),
    },
    { requiredKeys: [] },
  );
  const value = fc.oneof(fc.jsonValue(), fc.double(), fc.integer(), rope);
  const change = fc.dictionary(fc.constantFrom(...keys), value, { minKeys: 1, maxKeys: 3, noNullPrototype: true });
  fc.assert(
    fc.property(change, (change) => {
      try {
        convertConfig({ ...tiny, ...change });
      } catch (error) {
        expect(TttError.isInstance(error), String(error)).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
});

function thrownBy(work: () => unknown): TttError {
  try {
    work();
  } catch (error) {
    if (TttError.isInstance(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
