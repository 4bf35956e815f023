import { readdirSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dequantise } from '@tttv2/graph';
import {
  bindWeights,
  convertConfig,
  type HiddenStates,
  openModel,
  openSafetensors,
  parseJson,
  readSafetensorsHeader,
} from '@tttv2/hf';
import { localFiles } from '@tttv2/hf/node';
import type { Model } from '../model.ts';
import type { ModelFactory, PlaceOptions } from '../model-factory.ts';
import { generatedSafetensors, type Recipe, recipeSchema } from './generated-checkpoint.ts';
import { type HandWrittenModel, handWrittenModels } from './hand-written-models.ts';

const fixtures = new URL('../fixtures/', import.meta.url);

/** Tiny models of which is recorded what transformers computes with them: `tooling/golden` says how. */
export const goldenNames = readdirSync(fixtures).sort();

export function goldenFolder(name: string): string {
  return new URL(name, fixtures).pathname;
}

export async function goldenRecipe(name: string): Promise<Recipe> {
  const files = await localFiles(goldenFolder(name));
  return parseJson(await files.readText('weights.json'), recipeSchema, `${name}/weights.json`);
}

/** A checkpoint in a folder that goes when it is disposed of. */
export interface GoldenCheckpoint extends AsyncDisposable {
  hiddenStates: HiddenStates;
  load(factory: ModelFactory, options: PlaceOptions): Promise<Model>;
}

async function checkpointFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tttv2-golden-'));
  await copyFile(join(goldenFolder(name), 'config.json'), join(folder, 'config.json'));
  await writeFile(join(folder, 'model.safetensors'), generatedSafetensors(await goldenRecipe(name)));
  return folder;
}

/** The checkpoint that a fixture was recorded with, as the hub has them. */
export async function goldenCheckpoint(name: string): Promise<GoldenCheckpoint> {
  const folder = await checkpointFolder(name);
  const handWritten = handWrittenModels[name];
  if (handWritten !== undefined) return bound(handWritten, folder);
  const config: unknown = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  return {
    hiddenStates: convertConfig(config).family.hiddenStates,
    load: (factory, options) => factory.load(folder, options),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** The spec and the weights of a fixture, for what is tried before a backend has compiled a graph. */
export async function goldenSource(name: string) {
  const folder = await checkpointFolder(name);
  const { spec, weights } = await openModel(await localFiles(folder));
  return {
    spec,
    weights,
    async [Symbol.asyncDispose]() {
      await weights.close();
      await rm(folder, { recursive: true });
    },
  };
}

async function bound({ spec, weights: names }: HandWrittenModel, folder: string): Promise<GoldenCheckpoint> {
  const checkpoint = await openSafetensors(await localFiles(folder));
  const { weights } = bindWeights(spec, { weights: names, ignoredTensors: {} }, checkpoint);
  return {
    hiddenStates: 'inputs',
    load: (factory, options) => factory.fromSpec(spec, { ...options, weights }),
    async [Symbol.asyncDispose]() {
      await weights.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** What transformers computes for a prompt, in float32; `tooling/golden/README.md` has the shapes. */
export interface Golden {
  ids: number[];
  logits: Float32Array;
  /** The last rows of each, as of `mrope`. */
  hiddenStates: Float32Array[];
  generated: number[];
  decodeLogits: Float32Array;
  /** With positions `[3, N]` of a text with an image in it; null where positions have one axis. */
  mrope: { positions: Int32Array; logits: Float32Array } | null;
  /** Of every tensor of the checkpoint, one after the other. */
  firstNumbers: Float32Array;
}

export async function golden(name: string): Promise<Golden> {
  const tensors = await readTensors(name);
  const tensor = (called: string) => tensors.get(called) ?? new Float32Array();
  const hiddenStates = [...tensors.keys()].filter((called) => called.startsWith('hidden_states.'));
  return {
    ids: [...tensor('input_ids')],
    logits: tensor('logits'),
    hiddenStates: hiddenStates.map((_, i) => tensor(`hidden_states.${i}`)),
    generated: [...tensor('generated_ids')],
    decodeLogits: tensor('decode_logits'),
    mrope: tensors.has('mrope.logits')
      ? { positions: Int32Array.from(tensor('mrope.position_ids')), logits: tensor('mrope.logits') }
      : null,
    firstNumbers: tensor('first_numbers'),
  };
}

async function readTensors(name: string): Promise<Map<string, Float32Array>> {
  const file = await (await localFiles(goldenFolder(name))).open('golden.safetensors');
  const tensors = new Map<string, Float32Array>();
  for (const [tensor, { offset, bytes, dtype }] of await readSafetensorsHeader(file, 'golden.safetensors')) {
    const data = await file.read(offset, bytes);
    const numbers = dtype === 'int32' ? new Int32Array(data.slice().buffer) : dequantise(data, dtype);
    tensors.set(tensor, Float32Array.from(numbers));
  }
  await file.close();
  return tensors;
}
