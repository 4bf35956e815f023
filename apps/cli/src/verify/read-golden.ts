import { dequantise, type StoredView } from '@tttv2/graph';
import { type HiddenStates, hiddenStateScopes, type OpenFile, readSafetensorsHeader } from '@tttv2/hf';
import { CheckpointError, type ModelSpec } from '@tttv2/spec';
import { decodeIntegers } from '../read-integers.ts';
import type { RecordedOutput, Recording } from './recording.ts';

/**
 * What transformers computed with a model, as a safetensors file: `input_ids` int [N], `logits` [R, V] of the last R
 * tokens, and `hidden_states.i` [R, D], all of them or none.
 * @throws CheckpointError when something is missing, or is not of this model.
 */
export async function readGolden(
  file: OpenFile,
  path: string,
  spec: ModelSpec,
  hiddenStates: HiddenStates,
): Promise<Recording> {
  const golden = new GoldenFile(file, path, await readSafetensorsHeader(file, path));
  const ids = await golden.ids(spec);
  const scopes = golden.scopesOf(hiddenStateScopes(spec, hiddenStates));
  const outputs: RecordedOutput[] = [];
  for (const [i, place] of placesOf([...scopes, 'logits'], spec).entries()) {
    const data = i < scopes.length ? golden.hiddenState(i, ids.length, spec) : golden.logits(ids.length, spec);
    outputs.push({ ...place, data: await data });
  }
  return { ids, outputs };
}

/** Each of these scopes, with those that are computed since the one before it. */
function placesOf(scopes: readonly string[], spec: ModelSpec): Omit<RecordedOutput, 'data'>[] {
  const all = [
    'embedding',
    ...(spec.embeddingNorm === null ? [] : ['embeddingNorm']),
    ...spec.layers.map((_, i) => `layers.${i}`),
    ...(spec.finalNorm === null ? [] : ['finalNorm']),
    'lmHead',
  ];
  let next = 0;
  return scopes.map((scope) => {
    const start = next;
    next = all.indexOf(scope === 'logits' ? 'lmHead' : scope) + 1;
    return { scope, within: all.slice(start, next) };
  });
}

class GoldenFile {
  readonly #file: OpenFile;
  readonly #path: string;
  readonly #tensors: ReadonlyMap<string, StoredView>;

  constructor(file: OpenFile, path: string, tensors: ReadonlyMap<string, StoredView>) {
    this.#file = file;
    this.#path = path;
    this.#tensors = tensors;
  }

  async ids({ vocabSize }: ModelSpec): Promise<number[]> {
    const { dtype, shape, offset, bytes } = this.#find('input_ids');
    if (dtype !== 'int32' && dtype !== 'int64') throw this.#error(`input_ids are ${dtype}, but must be int32 or int64`);
    if (shape.length !== 1 || bytes === 0) throw this.#error(`input_ids are [${shape.join(', ')}], but must be [N]`);
    const ids = decodeIntegers(await this.#file.read(offset, bytes), dtype);
    const beyond = ids.find((id) => id < 0 || id >= vocabSize);
    if (beyond === undefined) return ids;
    throw this.#error(`input_ids hold ${beyond}, but ids of the model go from 0 to ${vocabSize - 1} (vocabSize)`);
  }

  /** Those of the hidden states that the file has: all or none. */
  scopesOf(hiddenStates: readonly string[]): readonly string[] {
    const count = [...this.#tensors.keys()].filter((name) => name.startsWith('hidden_states.')).length;
    if (count === 0 || count === hiddenStates.length) return hiddenStates.slice(0, count);
    const due = `the model has ${hiddenStates.length}, one more than layers`;
    throw this.#error(`has ${count} hidden states, but ${due}: are they another model's?`);
  }

  hiddenState(i: number, tokens: number, { hiddenDim }: ModelSpec): Promise<Float32Array> {
    return this.#rows(`hidden_states.${i}`, tokens, { size: hiddenDim, what: 'a hidden size' });
  }

  logits(tokens: number, { vocabSize }: ModelSpec): Promise<Float32Array> {
    return this.#rows('logits', tokens, { size: vocabSize, what: 'a vocabulary' });
  }

  /** The rows of a prompt's last tokens. */
  async #rows(name: string, tokens: number, { size, what }: { size: number; what: string }): Promise<Float32Array> {
    const { dtype, shape, offset, bytes } = this.#find(name);
    const [rows = 0, width] = shape;
    const found = `${name} are [${shape.join(', ')}]`;
    if (shape.length !== 2 || rows < 1 || rows > tokens)
      throw this.#error(`${found}, but must be [R, ${size}], R rows of the last of ${tokens} tokens`);
    if (width !== size) throw this.#error(`${found}, but the model has ${what} of ${size}: are they another model's?`);
    return dequantise(await this.#file.read(offset, bytes), dtype);
  }

  #find(name: string): StoredView {
    const view = this.#tensors.get(name);
    if (view !== undefined) return view;
    throw this.#error(`has no tensor "${name}": a golden file holds input_ids, logits, and hidden_states.0, 1, 2, …`);
  }

  #error(message: string): CheckpointError {
    return new CheckpointError({ file: this.#path, message });
  }
}
