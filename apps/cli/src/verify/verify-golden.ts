import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { ExecutionMode } from '@tttv2/graph';
import { convertConfig, type HiddenStates, type ModelFiles, type OpenFile, parseJson } from '@tttv2/hf';
import { localFiles } from '@tttv2/hf/node';
import { CheckpointError, type HardwareConfig } from '@tttv2/spec';
import { z } from 'zod';
import { loadModel } from '../load-model.ts';
import { openModelFiles } from '../open-model-files.ts';
import { isSpecFile } from '../spec-file.ts';
import { UsageError } from '../usage-error.ts';
import { type Comparison, compareOutputs } from './compare-outputs.ts';
import { computeOutputs } from './compute-outputs.ts';
import { readGolden } from './read-golden.ts';

export interface VerifyRequest {
  /** The model, as a person calls it. */
  name: string;
  /** Path of the golden file; undefined: `golden.safetensors` among the model's files. */
  golden: string | undefined;
  tolerance: number;
  hardware: HardwareConfig;
}

export interface Verified extends Comparison {
  /** The golden file. */
  golden: string;
  tokens: number;
  device: string;
  mode: ExecutionMode;
  weightDtype: HardwareConfig['weightDtype'];
}

/** Compares a model on a device with what was recorded of it. @throws UsageError, CheckpointError, and as loading does. */
export async function verifyGolden(request: VerifyRequest, signal: AbortSignal): Promise<Verified> {
  const { name, golden, tolerance, hardware } = request;
  if (isSpecFile(name))
    throw new UsageError(`MODEL: ${name} has no weights to verify: name the folder of a checkpoint`);
  const files = await openModelFiles(name, { signal });
  const { path, file } = golden === undefined ? await openAmong(name, files) : await openNamed(golden);
  try {
    const { model: loaded } = await loadModel(name, hardware, signal);
    await using model = loaded;
    const { mode } = model.executable;
    if (mode === 'acceptance')
      throw new UsageError('TTTV2_TT_MODE: acceptance computes nothing that could be verified');
    const reference = await readGolden(file, path, model.spec, await hiddenStatesOf(files));
    const scopes = reference.outputs.map(({ scope }) => scope);
    const candidate = await computeOutputs(model, reference.ids, scopes, signal);
    return {
      golden: path,
      tokens: reference.ids.length,
      device: hardware.deviceType,
      mode,
      weightDtype: model.executable.hardware.weightDtype,
      ...compareOutputs(reference.outputs, candidate, tolerance),
    };
  } finally {
    await file.close();
  }
}

/** Which ones transformers gives for this family. A GGUF file alone does not say: those of nearly all. */
async function hiddenStatesOf(files: ModelFiles): Promise<HiddenStates> {
  if (!(await files.has('config.json'))) return 'inputs';
  const config = parseJson(await files.readText('config.json'), z.unknown(), 'config.json');
  return convertConfig(config).family.hiddenStates;
}

interface Named {
  path: string;
  file: OpenFile;
}

async function openNamed(path: string): Promise<Named> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw new UsageError(`--golden: there is no file ${path}`);
  if (found.isDirectory()) throw new UsageError(`--golden: ${path} is a folder: name a file in it`);
  return { path, file: await (await localFiles(dirname(path))).open(basename(path)) };
}

async function openAmong(name: string, files: ModelFiles): Promise<Named> {
  const path = 'golden.safetensors';
  if (await files.has(path)) return { path: `${files.name}/${path}`, file: await files.open(path) };
  const message = `has no ${path}, what transformers computed with it: name such a file with --golden FILE`;
  throw new CheckpointError({ file: name, message });
}
