import { CheckpointError, SpecError, TttError, UnsupportedModelError, WeightMismatchError } from '@tttv2/spec';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildGguf, type GgufFixture, type GgufFixtureValue } from '../fixtures/build-gguf.ts';
import { damage, damages } from '../fixtures/corrupt.ts';
import { memoryFiles } from '../fixtures/memory-files.ts';
import { ggml, tinyGgufTensors, tinyMetadata } from '../fixtures/tiny-llama.ts';
import { openModel } from '../open-model.ts';

type ErrorClass = abstract new (facts: never) => TttError;

interface Change {
  metadata?: Record<string, GgufFixtureValue>;
  without?: string[];
  tensors?: GgufFixture['tensors'];
}

function tinyFile({ metadata = {}, without = [], tensors = {} }: Change = {}): Uint8Array {
  const merged = { ...tinyMetadata, ...metadata };
  for (const key of without) delete merged[key];
  return buildGguf({ metadata: merged, tensors: { ...tinyGgufTensors(), ...tensors } });
}

const openBytes = (file: Uint8Array) => openModel(memoryFiles({ 'tiny.gguf': file }));
const open = (change: Change = {}) => openBytes(tinyFile(change));
const ropeOf = async (change: Change) => (await open(change)).spec.ropeTables.main;

const uint32 = (value: number): GgufFixtureValue => ({ type: 'uint32', value });
const float32 = (value: number): GgufFixtureValue => ({ type: 'float32', value });
const string = (value: string): GgufFixtureValue => ({ type: 'string', value });

test('a GGUF file becomes the same model, with pairs that interleave', async () => {
  const { spec, format, gguf, report, weights } = await open();
  expect(spec).toMatchObject({
    vocabSize: 8,
    hiddenDim: 32,
    numLayers: 1,
    maxSeqLen: 128,
    tieEmbeddings: true,
    ropeTables: { main: { theta: 10000, rotaryDim: 8, layout: 'interleaved', scaling: { kind: 'default' } } },
  });
  expect(spec.layers[0]).toMatchObject({
    mixer: { numHeads: 4, numKvHeads: 2, headDim: 8, useBiasQ: false },
    ffn: { intermediateDim: 64, useBias: false },
    norms: { preMixer: { normEps: 2 ** -16 } },
  });
  expect([format, gguf?.string('general.name')]).toEqual(['gguf', 'Tiny']);
  expect(weights.describe('layers.0.mixer.q.weight')).toMatchObject({ kind: 'stored', dtype: 'q8_0', shape: [32, 32] });
  expect(report).toMatchObject({ modelType: 'llama', unknown: [] });
  expect(report.ignored.map(({ key }) => key)).toEqual(['general.architecture', 'general.name']);
});

test('tensors say what keys do not: biases, an untied head', async () => {
  const bias = (name: string, dim: number) => ({ [`blk.0.${name}.bias`]: ggml(0, [dim]) });
  const { spec } = await open({
    tensors: {
      'output.weight': ggml(8, [8, 32]),
      ...bias('attn_q', 32),
      ...bias('attn_k', 16),
      ...bias('attn_v', 16),
    },
  });
  expect(spec.tieEmbeddings).toBe(false);
  expect(spec.layers[0]?.mixer).toMatchObject({ useBiasQ: true, useBiasKv: true, useBiasO: false });
});

test('rope: the divisors of llama 3 are read from the file', async () => {
  const bytes = new Uint8Array(Float32Array.of(1, 1, 2, 8).buffer);
  const rope = await ropeOf({ tensors: { 'rope_freqs.weight': { typeId: 0, shape: [4], bytes } } });
  expect(rope?.scaling).toEqual({ kind: 'factors', factors: [1, 1, 2, 8], attentionFactor: 1 });
});

test('rope: base, part of a head, linear, yarn', async () => {
  const scaling = (type: string) => ({
    'llama.rope.scaling.type': string(type),
    'llama.rope.scaling.factor': float32(4),
  });
  const partial = { 'llama.rope.freq_base': float32(500000), 'llama.rope.dimension_count': uint32(4) };
  expect(await ropeOf({ metadata: partial })).toMatchObject({ theta: 500000, rotaryDim: 4 });
  expect((await ropeOf({ metadata: scaling('linear') }))?.scaling).toEqual({ kind: 'linear', factor: 4 });
  expect((await ropeOf({ metadata: scaling('none') }))?.scaling).toEqual({ kind: 'default' });
  const original = { 'llama.rope.scaling.original_context_length': uint32(32) };
  expect((await ropeOf({ metadata: { ...scaling('yarn'), ...original } }))?.scaling).toEqual({
    kind: 'yarn',
    factor: 4,
    originalMaxSeqLen: 32,
    betaFast: 32,
    betaSlow: 1,
    truncate: true,
    attentionFactor: 1 + 0.1 * Math.log(4),
  });
});

test.each<[string, Record<string, GgufFixtureValue>, number]>([
  ['attn_factor', { 'llama.rope.scaling.attn_factor': float32(2) }, 2 * (1 + 0.1 * Math.log(4))],
  ['yarn_log_multiplier', { 'llama.rope.scaling.yarn_log_multiplier': float32(1) }, 1],
  ['yarn_attn_factor', { 'llama.rope.scaling.yarn_attn_factor': float32(0.5) }, 0.5],
])('yarn: cosine and sine are scaled as %s says', async (_, keys, attentionFactor) => {
  const yarn = { 'llama.rope.scaling.type': string('yarn'), 'llama.rope.scaling.factor': float32(4) };
  expect((await ropeOf({ metadata: { ...yarn, ...keys } }))?.scaling).toMatchObject({ attentionFactor });
});

test('rope: the factor by its old name', async () => {
  const scaling = (await ropeOf({ metadata: { 'llama.rope.scale_linear': float32(4) } }))?.scaling;
  expect(scaling).toEqual({ kind: 'linear', factor: 4 });
});

test.each<[string, Change, ErrorClass, RegExp]>([
  [
    'another architecture',
    { metadata: { 'general.architecture': string('lama') } },
    UnsupportedModelError,
    /general\.architecture "lama".*"llama"/,
  ],
  [
    'no architecture',
    { without: ['general.architecture'] },
    CheckpointError,
    /no metadata key "general\.architecture"/,
  ],
  [
    'experts',
    { metadata: { 'llama.expert_count': uint32(8) } },
    UnsupportedModelError,
    /^llama\.expert_count: 8 is not supported/,
  ],
  [
    'an encoder',
    { metadata: { 'llama.attention.causal': { type: 'bool', value: false } } },
    UnsupportedModelError,
    /^llama\.attention\.causal: false is not supported; there are true/,
  ],
  [
    'longrope',
    { metadata: { 'llama.rope.scaling.type': string('longrope') } },
    UnsupportedModelError,
    /scaling\.type: "longrope"/,
  ],
  [
    'yarn without its ramp',
    { metadata: { 'llama.rope.scaling.yarn_ext_factor': float32(0) } },
    UnsupportedModelError,
    /^llama\.rope\.scaling\.yarn_ext_factor: 0 is not supported; there are 1/,
  ],
  ['a missing key', { without: ['llama.block_count'] }, SpecError, /^llama\.block_count: .*\(in tiny\.gguf\)/],
  [
    'a list for a number',
    { metadata: { 'llama.attention.head_count_kv': { type: 'array', of: 'uint32', values: [2] } } },
    SpecError,
    /head_count_kv: .*expected number/,
  ],
  [
    'heads that do not divide',
    { metadata: { 'llama.attention.head_count': uint32(5) } },
    SpecError,
    /^llama\.embedding_length: 32 is not divisible by attention\.head_count 5/,
  ],
  [
    'values longer than keys',
    { metadata: { 'llama.attention.value_length': uint32(16) } },
    SpecError,
    /^llama\.attention\.value_length: is 16/,
  ],
  [
    'one part of many',
    { metadata: { 'split.count': { type: 'uint16', value: 3 } } },
    CheckpointError,
    /one of 3 parts: join them/,
  ],
  [
    'divisors of another head',
    { tensors: { 'rope_freqs.weight': ggml(0, [8]) } },
    SpecError,
    /8 dimensions are 4 pairs, but tensor rope_freqs\.weight is \[8\]/,
  ],
  [
    'two scalings',
    { metadata: { 'llama.rope.scaling.factor': float32(4) }, tensors: { 'rope_freqs.weight': ggml(0, [4]) } },
    SpecError,
    /only one of them/,
  ],
  [
    'a tensor that nobody knows',
    { tensors: { 'blk.0.attn_q_norm.weight': ggml(0, [8]) } },
    WeightMismatchError,
    /not part of the model: blk\.0\.attn_q_norm\.weight/,
  ],
  [
    'fewer layers than it says',
    { metadata: { 'llama.block_count': uint32(2) } },
    WeightMismatchError,
    /9 tensors are missing: blk\.1/,
  ],
])('%s', async (_, change, type, message) => {
  const error = await open(change).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(type);
  expect(error instanceof Error && error.message).toMatch(message);
});

test('headersOnly opens a file that was cut after its header', async () => {
  const whole = tinyFile();
  const cut = whole.slice(0, 2048);
  await expect(openBytes(cut)).rejects.toThrow(/was it cut short/);
  const { spec } = await openModel(memoryFiles({ 'tiny.gguf': cut }), { headersOnly: true });
  expect(spec.numLayers).toBe(1);
});

test('numbers that are cut off are missing, or taken as 1 when that is asked for', async () => {
  const bytes = new Uint8Array(Float32Array.of(1, 1, 2, 8).buffer);
  const whole = tinyFile({ tensors: { 'rope_freqs.weight': { typeId: 0, shape: [4], bytes } } });
  const files = memoryFiles({ 'tiny.gguf': whole.slice(0, 2048) });
  await expect(openModel(files, { headersOnly: true })).rejects.toThrow(
    'ends before tensor "rope_freqs.weight", whose numbers are part of what the model is: download more of it',
  );
  const { spec, assumed } = await openModel(files, { headersOnly: true, assumeOnes: true });
  expect(spec.ropeTables.main?.scaling).toEqual({ kind: 'factors', factors: [1, 1, 1, 1], attentionFactor: 1 });
  expect(assumed).toEqual(['rope_freqs.weight']);
  const there = await openModel(memoryFiles({ 'tiny.gguf': whole }), { assumeOnes: true });
  expect(there.spec.ropeTables.main?.scaling).toMatchObject({ factors: [1, 1, 2, 8] });
  expect(there.assumed).toEqual([]);
});

test('property: a damaged file is one of our errors, or still a model', async () => {
  await fc.assert(
    fc.asyncProperty(damages, async (list) => {
      const outcome = await openBytes(damage(tinyFile(), list)).catch((error: unknown) => error);
      expect(!(outcome instanceof Error) || TttError.isInstance(outcome), String(outcome)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
