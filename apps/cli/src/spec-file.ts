import { type ConversionReport, convertConfig, type ModelFiles, parseJson } from '@tttv2/hf';
import { type ModelSpec, parseModelSpec } from '@tttv2/spec';
import { z } from 'zod';
import { type ConfigDtype, configDtype } from './config-dtype.ts';
import { readJsonFile } from './read-json-file.ts';

/** A model as JSON alone describes it. */
export interface DescribedModel {
  spec: ModelSpec;
  /** What became of the keys of a `config.json`; null for a specification, which is taken as it stands. */
  report: ConversionReport | null;
  /** How a configuration says that weights are stored; null where it does not. */
  dtype: ConfigDtype | null;
}

const objectSchema = z.record(z.string(), z.unknown());

export function isSpecFile(path: string): boolean {
  return path.endsWith('.json');
}

/** Reads a specification or a `config.json`: only the former has a `specVersion`. @throws CheckpointError, SpecError, UnsupportedModelError */
export async function readSpecFile(path: string): Promise<DescribedModel> {
  const data = await readJsonFile(path, objectSchema);
  return 'specVersion' in data ? { spec: parseModelSpec(data), report: null, dtype: null } : described(data, path);
}

/** The same of the `config.json` in a folder. */
export async function readConfigIn(files: ModelFiles): Promise<DescribedModel> {
  const file = `${files.name}/config.json`;
  return described(parseJson(await files.readText('config.json'), objectSchema, file), file);
}

function described(config: unknown, file: string): DescribedModel {
  return { ...convertConfig(config, file), dtype: configDtype(config) };
}
