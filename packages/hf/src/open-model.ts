import type { WeightSource } from '@tttv2/graph';
import { CheckpointError, type ModelSpec, UnsupportedModelError } from '@tttv2/spec';
import { z } from 'zod';
import type { HeaderOptions } from './checkpoint/checkpoint.ts';
import { readGgufHeader } from './checkpoint/gguf.ts';
import type { GgufMetadata } from './checkpoint/gguf-metadata.ts';
import { closedOnFailure } from './checkpoint/open-files.ts';
import { hasSafetensors, openSafetensors } from './checkpoint/sharded.ts';
import { convertConfig } from './convert.ts';
import { convertGguf } from './convert-gguf.ts';
import type { NumberOptions } from './define-gguf-model.ts';
import type { ModelFiles } from './files.ts';
import { parseJson } from './parse-json.ts';
import type { ConversionReport } from './report.ts';
import { storedAs } from './stored-as.ts';
import { bindWeights } from './weights.ts';

/** A model whose heads were read: what it is and where its weights lie. None of them is in memory. */
export interface OpenedModel {
  name: string;
  format: 'safetensors' | 'gguf';
  spec: ModelSpec;
  report: ConversionReport;
  weights: WeightSource;
  /** The metadata of a GGUF file; null for another format. */
  gguf: GgufMetadata | null;
  /** Bytes of all weights, as they are stored. */
  totalBytes: number;
  /** Tensors whose numbers are part of the specification and were taken as 1 (`assumeOnes`). */
  assumed: readonly string[];
  /** Closes the files. */
  close(): Promise<void>;
}

export interface OpenOptions extends HeaderOptions, NumberOptions {}

/**
 * Opens `config.json` and safetensors files, or a .gguf file.
 * @throws CheckpointError when a file is missing or corrupt. @throws WeightMismatchError when weights and config do not
 * belong together. @throws UnsupportedModelError for a model that cannot be expressed. @throws SpecError for a
 * configuration that contradicts itself.
 */
export async function openModel(files: ModelFiles, options: OpenOptions = {}): Promise<OpenedModel> {
  const names = (await files.list()).filter((path) => !path.includes('/'));
  const ggufs = names.filter((name) => name.endsWith('.gguf'));
  if (ggufs.length > 0 && !(await hasSafetensors(files)))
    return openGgufModel(files, onlyOne(ggufs, files.name), options);
  await refuseAdapter(files, names);
  if (!names.includes('config.json')) throw withoutConfig(names, files.name);
  return openSafetensorsModel(files, options);
}

async function openSafetensorsModel(files: ModelFiles, options: HeaderOptions): Promise<OpenedModel> {
  const config = parseJson(await files.readText('config.json'), z.unknown(), 'config.json');
  const { spec, family, report, quantisation } = convertConfig(config);
  if (!(await hasSafetensors(files))) throw withoutWeights(await files.list(), files.name);
  const checkpoint = await openSafetensors(files, options);
  return closedOnFailure(checkpoint.files, async () => {
    const { weights, ignored } = bindWeights(spec, family, checkpoint, quantisation);
    return opened({
      ...{ name: files.name, format: 'safetensors', spec, weights, gguf: null, assumed: [] },
      report: { ...report, ignoredTensors: ignored },
    });
  });
}

async function openGgufModel(files: ModelFiles, path: string, options: OpenOptions): Promise<OpenedModel> {
  const file = await files.open(path);
  const open = new Map([[path, file]]);
  return closedOnFailure(open, async () => {
    const header = await readGgufHeader(file, path, options);
    const { spec, family, report, assumed } = await convertGguf(header, file, options);
    const { weights, ignored } = bindWeights(spec, family, { files: open, tensors: header.tensors });
    return opened({
      ...{ name: files.name, format: 'gguf', spec, weights, gguf: header.metadata, assumed },
      report: { ...report, ignoredTensors: ignored },
    });
  });
}

function opened(model: Omit<OpenedModel, 'totalBytes' | 'close'>): OpenedModel {
  const { weights } = model;
  return { ...model, totalBytes: sumOfBytes(weights), close: () => weights.close() };
}

function sumOfBytes(weights: WeightSource): number {
  return weights.names().reduce((sum, name) => sum + storedAs(weights.describe(name)).bytes, 0);
}

const adapterSchema = z.object({ base_model_name_or_path: z.string().nullish() });

/** transformers would add the adapter to the model that lies there, or fetch the model that it names. */
async function refuseAdapter(files: ModelFiles, names: readonly string[]): Promise<void> {
  const file = 'adapter_config.json';
  if (!names.includes(file)) return;
  const { base_model_name_or_path: base } = parseJson(await files.readText(file), adapterSchema, file);
  const message = `${file}: this is an adapter (LoRA) of ${base ?? 'another model'}, not a model, and adapters are not read: merge both with peft's merge_and_unload(), save_pretrained() the result, and load that`;
  throw new UnsupportedModelError({ modelType: null, keys: [file], message });
}

function onlyOne(ggufs: readonly string[], file: string): string {
  const [only, ...others] = ggufs;
  if (only !== undefined && others.length === 0) return only;
  const message = `holds ${ggufs.length} .gguf files: name one of them: ${ggufs.join(', ')}`;
  throw new CheckpointError({ file, message });
}

function withoutConfig(names: readonly string[], file: string): CheckpointError {
  const message = `has neither config.json nor a .gguf file; ${thereAre(names)}: is it the right folder?`;
  return new CheckpointError({ file, message });
}

function withoutWeights(names: readonly string[], file: string): CheckpointError {
  const pickled = names.find((name) => /\.(bin|pt|pth|ckpt)$/.test(name));
  if (pickled !== undefined) {
    const message = `is a pickle, which can run any code when it is read, so it is not: convert it with transformers' save_pretrained(), which writes safetensors, or look for a revision of the model that has them`;
    return new CheckpointError({ file: pickled, message });
  }
  const message = `has no model.safetensors and no model.safetensors.index.json; ${thereAre(names)}: download them, or convert other weights to safetensors`;
  return new CheckpointError({ file, message });
}

function thereAre(names: readonly string[]): string {
  if (names.length === 0) return 'there are no files';
  return `there are ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`;
}
