import { dequantise, elementCount, type StoredView } from '@tttv2/graph';
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
  convert(header: GgufHeader, file: OpenFile, options?: NumberOptions): Promise<ConvertedMetadata>;
}

export interface NumberOptions {
  /** Takes numbers that the file was cut before as 1: for one who draws the model. Default: they are missing. */
  assumeOnes?: boolean;
}

export interface ConvertedMetadata {
  spec: ModelSpec;
  report: ConversionReport;
  /** Tensors whose numbers were taken as 1. */
  assumed: readonly string[];
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
    async convert({ metadata, tensors: stored }, file, options = {}) {
      const found = { file: metadata.file, modelType: architecture };
      const ours = metadata.keys().filter((key) => key.startsWith(prefix));
      const values = Object.fromEntries(ours.map((key) => [key.slice(prefix.length), metadata.value(key)]));
      const parsed = readConfig(definition.metadata, { ...found, values, keyPrefix: prefix });
      const tensors = new GgufTensors({ architecture, name: metadata.file, stored, file }, options);
      const spec = await definition.toSpec(parsed, tensors);
      const all = Object.fromEntries(metadata.keys().map((key) => [key, null]));
      const read = Object.fromEntries(Object.keys(parsed).map((key) => [`${prefix}${key}`, null]));
      return { spec, report: reportOn({ ...found, values: all }, read, whyIgnored), assumed: tensors.assumed };
    },
  };
}

/** Numbers that a specification holds are few; a header can say anything. */
const maxAssumed = 2 ** 16;

interface TensorSource {
  architecture: string;
  /** The file as it was named to us. */
  name: string;
  stored: ReadonlyMap<string, StoredView>;
  file: OpenFile;
}

/** The tensors of a file, for a family to look at. */
export class GgufTensors {
  readonly architecture: string;
  /** Those whose numbers were asked for and are cut off, when they are taken as 1. */
  readonly assumed: string[] = [];
  readonly #name: string;
  readonly #stored: ReadonlyMap<string, StoredView>;
  readonly #file: OpenFile;
  readonly #assumeOnes: boolean;

  constructor({ architecture, name, stored, file }: TensorSource, { assumeOnes = false }: NumberOptions) {
    this.architecture = architecture;
    this.#name = name;
    this.#stored = stored;
    this.#file = file;
    this.#assumeOnes = assumeOnes;
  }

  has(tensor: string): boolean {
    return this.#stored.has(tensor);
  }

  /** Row-major. @throws CheckpointError when there is no such tensor. */
  shape(tensor: string): readonly number[] {
    return this.#find(tensor).shape;
  }

  /** @throws CheckpointError when there is no such tensor, or the file ends before it. */
  async numbers(tensor: string): Promise<number[]> {
    const { offset, bytes, dtype, shape } = this.#find(tensor);
    if (offset + bytes > this.#file.size) {
      const count = elementCount(shape);
      if (this.#assumeOnes && count <= maxAssumed) {
        this.assumed.push(tensor);
        return Array.from({ length: count }, () => 1);
      }
      const message = `ends before tensor "${tensor}", whose numbers are part of what the model is: download more of it`;
      throw new CheckpointError({ file: this.#name, offset, message });
    }
    return [...dequantise(await this.#file.read(offset, bytes), dtype)];
  }

  #find(tensor: string): StoredView {
    const found = this.#stored.get(tensor);
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
