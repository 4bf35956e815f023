import { basename } from 'node:path';
import { randomWeightSource } from '@tttv2/factory';
import type { WeightSource } from '@tttv2/graph';
import {
  type ConversionReport,
  type ModelFiles,
  type ModelText,
  type NumberOptions,
  type OpenedModel,
  openModel,
  openModelText,
} from '@tttv2/hf';
import { type ModelSpec, UnsupportedModelError } from '@tttv2/spec';
import type { ConfigDtype } from './config-dtype.ts';
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
  /** How a configuration says that weights are stored which are not there; null where it does not, or they are. */
  dtype: ConfigDtype | null;
  /** Of the random weights; null where there are weights. */
  randomSeed: number | null;
  /** null for a JSON file: nothing lies beside it that we would look for; or for a tokenizer that is not supported. */
  text: ModelText | null;
  /** Why the tokenizer is not supported. */
  textProblem: string | null;
  /** Tensors whose numbers are part of the specification and are not there: they are taken as 1. */
  assumed: readonly string[];
}

/**
 * Opens a model by its headers: a checkpoint, a folder without weights, or a JSON file. Numbers that make the
 * specification and are not there are an error, or 1 with `assumeOnes`.
 */
export async function openArchitecture(
  name: string,
  signal: AbortSignal,
  options: NumberOptions = {},
): Promise<Architecture> {
  if (isSpecFile(name)) return withoutWeights(basename(name), await readSpecFile(name), null);
  const files = await openModelFiles(name, { signal });
  const hasWeights = (await files.list()).some((file) => /\.(safetensors|gguf)$/.test(file));
  if (!hasWeights && (await files.has('config.json')))
    return withoutWeights(files.name, await readConfigIn(files), await openModelText(files, null));
  return openCheckpoint(files, options);
}

function withoutWeights(name: string, { spec, report, dtype }: DescribedModel, text: ModelText | null): Architecture {
  const weights = randomWeightSource(spec, randomSeed);
  return {
    name,
    format: 'json',
    spec,
    report,
    weights,
    dtype,
    randomSeed,
    text,
    textProblem: null,
    assumed: [],
    [Symbol.asyncDispose]: () => weights.close(),
  };
}

async function openCheckpoint(files: ModelFiles, options: NumberOptions): Promise<Architecture> {
  const opened = await openModel(files, { headersOnly: true, ...options });
  try {
    const text = await openTextIfSupported(files, opened.gguf);
    return { ...opened, ...text, dtype: null, randomSeed: null, [Symbol.asyncDispose]: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function openTextIfSupported(
  files: ModelFiles,
  gguf: OpenedModel['gguf'],
): Promise<Pick<Architecture, 'text' | 'textProblem'>> {
  try {
    return { text: await openModelText(files, gguf), textProblem: null };
  } catch (error) {
    if (UnsupportedModelError.isInstance(error)) return { text: null, textProblem: error.message };
    throw error;
  }
}
