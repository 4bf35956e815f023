import { basename } from 'node:path';
import { randomWeightSource } from '@tttv2/factory';
import type { WeightSource } from '@tttv2/graph';
import { type ConversionReport, type ModelFiles, type ModelText, openModel, openModelText } from '@tttv2/hf';
import type { ModelSpec } from '@tttv2/spec';
import { openModelFiles } from './open-model-files.ts';
import { type DescribedModel, isSpecFile, readConfigIn, readSpecFile } from './spec-file.ts';

/** Stands for the weights of a model that has none. */
const randomSeed = 0;

/** What can be known of a model without the numbers of its weights. */
export interface Architecture extends AsyncDisposable {
  name: string;
  /** `json`: described alone, without weights. */
  format: 'safetensors' | 'gguf' | 'json';
  spec: ModelSpec;
  /** null for a specification, which nobody converted. */
  report: ConversionReport | null;
  /** Where the weights lie; random ones where there are none. */
  weights: WeightSource;
  /** Of the random weights; null where there are weights. */
  randomSeed: number | null;
  /** null for a JSON file: nothing lies beside it that we would look for. */
  text: ModelText | null;
}

/** Opens a model by its headers: a checkpoint, a folder without weights, or a JSON file. */
export async function openArchitecture(name: string, signal: AbortSignal): Promise<Architecture> {
  if (isSpecFile(name)) return withoutWeights(basename(name), await readSpecFile(name), null);
  const files = await openModelFiles(name, { signal });
  const hasWeights = (await files.list()).some((file) => /\.(safetensors|gguf)$/.test(file));
  if (!hasWeights && (await files.has('config.json')))
    return withoutWeights(files.name, await readConfigIn(files), await openModelText(files, null));
  return openCheckpoint(files);
}

function withoutWeights(name: string, { spec, report }: DescribedModel, text: ModelText | null): Architecture {
  const weights = randomWeightSource(spec, randomSeed);
  return {
    name,
    format: 'json',
    spec,
    report,
    weights,
    randomSeed,
    text,
    [Symbol.asyncDispose]: () => weights.close(),
  };
}

async function openCheckpoint(files: ModelFiles): Promise<Architecture> {
  const opened = await openModel(files, { headersOnly: true });
  try {
    const text = await openModelText(files, opened.gguf);
    return { ...opened, randomSeed: null, text, [Symbol.asyncDispose]: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
