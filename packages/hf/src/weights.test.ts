import type { StoredView } from '@tttv2/graph';
import { bytesOf, type Dtype, WeightMismatchError } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { convertConfig } from './convert.ts';
import { expectedParameters } from './expected-parameters.ts';
import { buildSafetensors, type SafetensorsEntry } from './fixtures/build-safetensors.ts';
import { memoryFiles } from './fixtures/memory-files.ts';
import { bfloat16, tinyConfig, tinyTensors } from './fixtures/tiny-llama.ts';
import { openModel } from './open-model.ts';
import { placed, storedShape, tensorsOf } from './weight-layout.ts';
import { placesOf } from './weight-names.ts';
import { bindWeights } from './weights.ts';

/** Opens a tiny llama with some tensors put in, and some taken out. */
function open(change: { put?: Record<string, SafetensorsEntry>; take?: string[]; config?: object }) {
  const tensors = { ...tinyTensors(), ...change.put };
  for (const name of change.take ?? []) delete tensors[name];
  const files = memoryFiles({
    'config.json': JSON.stringify({ ...tinyConfig, ...change.config }),
    'model.safetensors': buildSafetensors(tensors),
  });
  return { files, model: openModel(files) };
}

test('every parameter lies where the checkpoint says', async () => {
  const { weights, totalBytes } = await open({}).model;
  expect(weights.names()).toHaveLength(3 + 2 * 9);
  expect(weights.describe('layers.1.mixer.k.weight')).toMatchObject({
    kind: 'stored',
    file: 'model.safetensors',
    dtype: 'bfloat16',
    shape: [16, 32],
    bytes: 1024,
  });
  expect(totalBytes).toBe(2 * weights.names().reduce((sum, name) => sum + elements(weights.describe(name)), 0));
  expect(() => weights.describe('layers.9.mixer.k.weight')).toThrow(WeightMismatchError);
});

test('closing closes the files', async () => {
  const { files, model } = open({});
  const { close } = await model;
  expect(files.opened.size).toBe(1);
  await close();
  expect(files.opened.size).toBe(0);
});

test.each<[string, Parameters<typeof open>[0], RegExp]>([
  [
    'a tensor is missing',
    { take: ['model.layers.1.mlp.up_proj.weight'] },
    /^model\.safetensors: .*1 tensor is missing: model\.layers\.1\.mlp\.up_proj\.weight \(layers\.1\.ffn\.up\.weight\)/,
  ],
  [
    'many are missing',
    { config: { num_hidden_layers: 4 } },
    /18 tensors are missing: model\.layers\.2\.input_layernorm\.weight \(.*\), .*, .*, …/,
  ],
  [
    'a bias that the config denies',
    { put: { 'model.layers.0.self_attn.q_proj.bias': bfloat16([32]) } },
    /1 tensor is not part of the model: model\.layers\.0\.self_attn\.q_proj\.bias \(layers\.0\.mixer\.q\.bias\)/,
  ],
  ['a tensor of another model', { put: { 'visual.x': bfloat16([1]) } }, /not part of the model: visual\.x:/],
  [
    'another shape',
    { put: { 'model.norm.weight': bfloat16([16]) } },
    /1 tensor is wrong: model\.norm\.weight is bfloat16 \[16\] and should be float \[32\]/,
  ],
  [
    'integers',
    { put: { 'model.norm.weight': { dtype: 'I32', shape: [32], bytes: 128 } } },
    /model\.norm\.weight is int32 \[32\] and should be float \[32\]/,
  ],
])('%s', async (_, change, message) => {
  const { files, model } = open(change);
  const error = await model.catch((error: unknown) => error);
  expect(error).toBeInstanceOf(WeightMismatchError);
  expect(error instanceof Error && error.message).toMatch(message);
  expect(files.opened.size).toBe(0);
});

test('tensors that no model needs are let be', async () => {
  await open({ put: { 'model.layers.0.self_attn.rotary_emb.inv_freq': bfloat16([4]) } }).model;
  const tied = { config: { tie_word_embeddings: true } };
  expect((await open(tied).model).weights.names()).not.toContain('lmHead.weight');
  await open({ ...tied, take: ['lm_head.weight'] }).model;
});

test('layers after those of the model may be left out, and no tensor of another', () => {
  const { spec, family } = convertConfig(tinyConfig);
  const tensorsWith = (name: string) =>
    new Map(
      [...Object.entries(tinyTensors()), [name, bfloat16([32])] as const].map(([key, { shape }]) => [
        key,
        view('bfloat16', shape),
      ]),
    );
  const rules = { weights: family.weights, ignoredTensors: { 'model.layers.{next}.*': 'further tokens' } };
  const bind = (name: string) => bindWeights(spec, rules, { files: new Map(), tensors: tensorsWith(name) });
  expect(bind('model.layers.2.enorm.weight').ignored).toEqual([
    { tensors: 'model.layers.{next}.*', count: 1, why: 'further tokens' },
  ]);
  expect(() => bind('model.layers.1.enorm.weight')).toThrow('not part of the model: model.layers.1.enorm.weight');
});

test('a tensor may lie one way or the other: its shape says which', () => {
  const { spec, family } = convertConfig(tinyConfig);
  const down = 'layers.{i}.ffn.down.weight';
  const place = { tensor: 'model.layers.{i}.mlp.down_proj.weight' };
  const rules = {
    weights: { ...family.weights, [down]: [{ ...place, isTransposed: true }, place] },
    ignoredTensors: {},
  };
  const tensors = new Map(Object.entries(tinyTensors()).map(([name, { shape }]) => [name, view('bfloat16', shape)]));
  const turned = 'model.layers.1.mlp.down_proj.weight';
  tensors.set(turned, view('bfloat16', tensors.get(turned)?.shape.toReversed() ?? []));
  const { weights } = bindWeights(spec, rules, { files: new Map(), tensors });
  const kinds = [0, 1].map((layer) => weights.describe(down.replace('{i}', `${layer}`)).kind);
  expect(kinds).toEqual(['stored', 'transpose']);
});

test('a family may name the tensors of mxfp4 beside those that are not packed', () => {
  const { spec, family } = convertConfig(tinyConfig);
  const gate = 'layers.{i}.ffn.gate.weight';
  const places = ['model.layers.{i}.mlp.gate_proj.weight', 'model.layers.{i}.mlp.gate_proj_blocks'];
  const stored = Object.entries(tinyTensors()).filter(([name]) => !name.startsWith('model.layers.1.mlp.gate_proj'));
  const tensors = new Map(stored.map(([name, { shape }]) => [name, view('bfloat16', shape)]));
  tensors.set('model.layers.1.mlp.gate_proj_blocks', view('uint8', [64, 1, 16]));
  tensors.set('model.layers.1.mlp.gate_proj_scales', view('uint8', [64, 1]));
  const rules = { weights: { ...family.weights, [gate]: places }, ignoredTensors: {} };
  const { weights } = bindWeights(spec, rules, { files: new Map(), tensors }, { method: 'mxfp4' });
  const [plain, packed] = [0, 1].map((layer) => weights.describe(gate.replace('{i}', `${layer}`)));
  expect(plain).toMatchObject({ kind: 'stored', dtype: 'bfloat16' });
  expect(packed).toMatchObject({ kind: 'packMxfp4', of: { shape: [64, 1, 16] } });
  const unpacked = () => bindWeights(spec, rules, { files: new Map(), tensors });
  expect(unpacked).toThrow(/gate_proj_blocks is uint8 \[64, 1, 16\] and should be float \[64, 32\]/);
});

test('experts of fp8 are stacked, each with its own scales', () => {
  const { spec, family } = convertConfig({ ...tinyConfig, model_type: 'mixtral', num_local_experts: 2 });
  const tensors = new Map<string, StoredView>();
  const parameters = expectedParameters(spec);
  for (const parameter of parameters.keys()) {
    const [layout = { tensor: parameter }] = placesOf(family.weights, parameter);
    const place = placed(layout, parameter, { spec, parameters });
    for (const name of tensorsOf(place)) {
      const own = storedShape(place);
      tensors.set(name, view(own.length === 2 ? 'float8_e4m3' : 'float32', own));
      if (own.length === 2)
        tensors.set(
          `${name}_scale_inv`,
          view(
            'float32',
            own.map((size) => Math.ceil(size / 16)),
          ),
        );
    }
  }
  const { weights } = bindWeights(spec, family, { files: new Map(), tensors }, { method: 'fp8', block: [16, 16] });
  const stacks = weights
    .names()
    .map((name) => weights.describe(name))
    .filter(({ kind }) => kind === 'stack');
  expect(stacks).toHaveLength(2 * 3);
  for (const stack of stacks) expect(stack).toMatchObject({ of: [{ kind: 'scaleBlocks' }, { kind: 'scaleBlocks' }] });
});

function view(dtype: Dtype, shape: number[]): StoredView {
  return { file: 'f', offset: 0, bytes: bytesOf(dtype, shape), dtype, shape };
}

function elements(expr: { kind: string; shape?: number[] }): number {
  return (expr.shape ?? []).reduce((product, dim) => product * dim, 1);
}
