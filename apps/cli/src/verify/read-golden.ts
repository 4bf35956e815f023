import { dequantise, type StoredView } from '@tttv2/graph';
import { type OpenFile, readSafetensorsHeader } from '@tttv2/hf';
import { CheckpointError, type ModelSpec } from '@tttv2/spec';
import { decodeIntegers } from '../read-integers.ts';
import type { RecordedOutput, Recording } from './recording.ts';

/**
 * What transformers computed with a model, as a safetensors file: `input_ids` int [N], `logits` [R, V] of the last R
 * tokens, and `hidden_states.i` [R, D], all of them or none.
 * @throws CheckpointError when something is missing, or is not of this model.
 */
export async function readGolden(file: OpenFile, path: string, spec: ModelSpec): Promise<Recording> {
  const golden = new GoldenFile(file, path, await readSafetensorsHeader(file, path));
  const ids = await golden.ids(spec);
  const outputs: RecordedOutput[] = [];
  for (const [i, place] of golden.hiddenStates(spec).entries()) {
    const width = { size: spec.hiddenDim, what: 'a hidden size' };
    outputs.push({ ...place, data: await golden.rows(`hidden_states.${i}`, ids.length, width) });
  }
  const logits = await golden.rows('logits', ids.length, { size: spec.vocabSize, what: 'a vocabulary' });
  return { ids, outputs: [...outputs, { scope: 'logits', within: ['lmHead'], data: logits }] };
}

type Place = Omit<RecordedOutput, 'data'>;

/** Of each hidden state: after the embedding, after each layer; but after the last one only when it is normed. */
function placesOf({ layers, finalNorm }: ModelSpec): Place[] {
  const places = ['embedding', ...layers.map((_, i) => `layers.${i}`)].map((scope) => ({ scope, within: [scope] }));
  const last = places.at(-1);
  if (last === undefined || finalNorm === null) return places;
  return [...places.slice(0, -1), { scope: 'finalNorm', within: [last.scope, 'finalNorm'] }];
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

  /** None when the file has none. */
  hiddenStates(spec: ModelSpec): Place[] {
    const count = [...this.#tensors.keys()].filter((name) => name.startsWith('hidden_states.')).length;
    const places = placesOf(spec);
    if (count === 0 || count === places.length) return places.slice(0, count);
    const due = `a model of ${spec.layers.length} layers has ${places.length}`;
    throw this.#error(`has ${count} hidden states, but ${due}: is it another model's?`);
  }

  /** The rows of a prompt's last tokens. */
  async rows(name: string, tokens: number, { size, what }: { size: number; what: string }): Promise<Float32Array> {
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
