import { dequantise, type StoredView } from '@tttv2/graph';
import { CheckpointError, type ModelSpec } from '@tttv2/spec';
import type { z } from 'zod';
import type { GgufHeader } from './checkpoint/gguf.ts';
import type { OpenFile } from './files.ts';
import { readConfig } from './read-config.ts';
import { type ConversionReport, reportOn } from './report.ts';
import type { WeightNames } from './weight-names.ts';

/** All there is to say of an architecture of llama.cpp: one file in `gguf/`. */
export interface GgufDefinition<Metadata extends object> {
  /** The string in `general.architecture`; the file is named after it. */
  architecture: string;
  /** The keys that matter, without the `<architecture>.` before them, with llama.cpp's defaults; all others it leaves out. */
  metadata: z.ZodType<Metadata>;
  /** GGUF says by which tensors are there what `config.json` says by keys. */
  toSpec(metadata: Metadata, tensors: GgufTensors): Promise<ModelSpec>;
  /** Keys that change nothing here, and why; without the `<architecture>.` before them, as above. */
  ignoredKeys: Readonly<Record<string, string>>;
  weights: WeightNames;
  /** Tensors that no parameter needs, and why; `{i}` is the number of a layer. */
  ignoredTensors: Readonly<Record<string, string>>;
}

/** An architecture, whatever the type of its metadata. */
export interface GgufFamily {
  readonly architecture: string;
  readonly weights: WeightNames;
  readonly ignoredTensors: Readonly<Record<string, string>>;
  /**
   * @throws SpecError that names the key. @throws UnsupportedModelError when a key asks for what no field can say.
   * @throws CheckpointError when a key or tensor is missing.
   */
  convert(header: GgufHeader, file: OpenFile): Promise<{ spec: ModelSpec; report: ConversionReport }>;
}

export function defineGgufModel<Metadata extends object>(definition: GgufDefinition<Metadata>): GgufFamily {
  const { architecture, weights, ignoredTensors } = definition;
  const prefix = `${architecture}.`;
  const ignored = new Map(Object.entries({ ...ignoredEverywhere, ...definition.ignoredKeys }));
  const whyIgnored = (key: string) => (key.startsWith(prefix) ? ignored.get(key.slice(prefix.length)) : whyCommon(key));
  return {
    architecture,
    weights,
    ignoredTensors,
    async convert({ metadata, tensors }, file) {
      const found = { file: metadata.file, modelType: architecture };
      const ours = metadata.keys().filter((key) => key.startsWith(prefix));
      const values = Object.fromEntries(ours.map((key) => [key.slice(prefix.length), metadata.value(key)]));
      const parsed = readConfig(definition.metadata, { ...found, values, keyPrefix: prefix });
      const spec = await definition.toSpec(parsed, new GgufTensors(architecture, metadata.file, tensors, file));
      const all = Object.fromEntries(metadata.keys().map((key) => [key, null]));
      const read = Object.fromEntries(Object.keys(parsed).map((key) => [`${prefix}${key}`, null]));
      return { spec, report: reportOn({ ...found, values: all }, read, whyIgnored) };
    },
  };
}

/** The tensors of a file, for a family to look at. */
export class GgufTensors {
  readonly architecture: string;
  readonly #name: string;
  readonly #tensors: ReadonlyMap<string, StoredView>;
  readonly #file: OpenFile;

  constructor(architecture: string, name: string, tensors: ReadonlyMap<string, StoredView>, file: OpenFile) {
    this.architecture = architecture;
    this.#name = name;
    this.#tensors = tensors;
    this.#file = file;
  }

  has(tensor: string): boolean {
    return this.#tensors.has(tensor);
  }

  /** Row-major. @throws CheckpointError when there is no such tensor. */
  shape(tensor: string): readonly number[] {
    return this.#find(tensor).shape;
  }

  /** @throws CheckpointError when there is no such tensor, or the file ends before it. */
  async numbers(tensor: string): Promise<number[]> {
    const { offset, bytes, dtype } = this.#find(tensor);
    if (offset + bytes > this.#file.size) {
      const message = `ends before tensor "${tensor}", whose numbers are part of what the model is: download more of it`;
      throw new CheckpointError({ file: this.#name, offset, message });
    }
    return [...dequantise(await this.#file.read(offset, bytes), dtype)];
  }

  #find(tensor: string): StoredView {
    const found = this.#tensors.get(tensor);
    if (found !== undefined) return found;
    throw new CheckpointError({ file: this.#name, message: `has no tensor "${tensor}", which every such model has` });
  }
}

const ignoredEverywhere = {
  vocab_size: 'the shape of the embedding says it',
  'rope.scaling.finetuned': 'says how the model was trained',
};

const commonPrefixes = new Map([
  ['general', 'describes the file'],
  ['tokenizer', 'describes the tokenizer'],
  ['quantize', 'says how the file was made'],
  ['split', 'says how the file was cut'],
]);

function whyCommon(key: string): string | undefined {
  return commonPrefixes.get(key.split('.')[0] ?? '');
}
