import { type ModelSpec, SpecError, UnsupportedModelError } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { readGgufHeader } from '../checkpoint/gguf.ts';
import { convertGguf } from '../convert-gguf.ts';
import { buildGguf, type GgufFixtureValue } from '../fixtures/build-gguf.ts';
import { memoryFile } from '../fixtures/memory-files.ts';
import { ggml } from '../fixtures/tiny-llama.ts';

const uint32 = (value: number): GgufFixtureValue => ({ type: 'uint32', value });
const float32 = (value: number): GgufFixtureValue => ({ type: 'float32', value });

async function specOf(changes: Record<string, GgufFixtureValue>, layers = 7): Promise<ModelSpec> {
  const keys: Record<string, GgufFixtureValue> = {
    block_count: uint32(layers),
    context_length: uint32(128),
    embedding_length: uint32(32),
    feed_forward_length: uint32(64),
    'attention.head_count': uint32(2),
    'attention.key_length': uint32(8),
    'attention.layer_norm_rms_epsilon': float32(2 ** -16),
    'attention.sliding_window': uint32(16),
    'rope.freq_base': float32(1e6),
    ...changes,
  };
  const ours = Object.entries(keys).map(([key, value]): [string, GgufFixtureValue] => [`gemma3.${key}`, value]);
  const metadata = {
    'general.architecture': { type: 'string', value: 'gemma3' } as const,
    ...Object.fromEntries(ours),
  };
  const file = memoryFile(buildGguf({ metadata, tensors: { 'token_embd.weight': ggml(0, [8, 32]) } }));
  return (await convertGguf(await readGgufHeader(file, 'gemma.gguf'), file)).spec;
}

const attentionsOf = ({ layers }: ModelSpec) =>
  layers.flatMap(({ mixer }) => (mixer?.kind === 'attention' ? [mixer] : []));
const windowsOf = (spec: ModelSpec) => attentionsOf(spec).map(({ slidingWindowSize }) => slidingWindowSize);
const thetasOf = (spec: ModelSpec) => attentionsOf(spec).map(({ rope }) => spec.ropeTables[rope ?? '']?.theta);
const pattern = 'attention.sliding_window_pattern';

test('the sixth layer sees all tokens, unless the file says otherwise', async () => {
  const usual = await specOf({});
  expect(windowsOf(usual)).toEqual([16, 16, 16, 16, 16, null, 16]);
  expect(thetasOf(usual)).toEqual([1e4, 1e4, 1e4, 1e4, 1e4, 1e6, 1e4]);
  expect(windowsOf(await specOf({ [pattern]: uint32(2) }, 4))).toEqual([16, null, 16, null]);
  expect(windowsOf(await specOf({ [pattern]: uint32(0) }, 2))).toEqual([16, 16]);
  const list: GgufFixtureValue = { type: 'array', of: 'bool', values: [false, true, true] };
  expect(windowsOf(await specOf({ [pattern]: list }, 3))).toEqual([null, 16, 16]);
});

test('without a window every layer sees all tokens, and turns by the one base', async () => {
  const spec = await specOf({ 'attention.sliding_window': uint32(0) }, 2);
  expect(windowsOf(spec)).toEqual([null, null]);
  expect(thetasOf(spec)).toEqual([1e6, 1e6]);
});

test('positions are scaled where all tokens are seen', async () => {
  const { ropeTables } = await specOf({ 'rope.scale_linear': float32(8), 'rope.freq_base_swa': float32(5000) });
  expect(Object.values(ropeTables).map(({ theta, scaling }) => [theta, scaling])).toEqual([
    [5000, { kind: 'default' }],
    [1e6, { kind: 'linear', factor: 8 }],
  ]);
});

test('scores are scaled by the head dimension; in the model of 62 layers by the hidden size over heads', async () => {
  expect(attentionsOf(await specOf({}))[0]?.scale).toBe(8 ** -0.5);
  expect(attentionsOf(await specOf({}, 62))[0]?.scale).toBe((32 / 2) ** -0.5);
});

test('a list of another length and a soft cap are refused by name', async () => {
  const short: GgufFixtureValue = { type: 'array', of: 'bool', values: [true] };
  const refused = specOf({ [pattern]: short });
  await expect(refused).rejects.toThrow(SpecError);
  await expect(refused).rejects.toThrow(
    'gemma3.attention.sliding_window_pattern: has 1 entries, but block_count is 7 (in gemma.gguf)',
  );
  const capped = specOf({ final_logit_softcapping: float32(30) });
  await expect(capped).rejects.toThrow(UnsupportedModelError);
  await expect(capped).rejects.toThrow('gemma3.final_logit_softcapping: 30 is not supported; there are 0 (none)');
});
