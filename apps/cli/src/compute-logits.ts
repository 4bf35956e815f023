import type { Model } from '@tttv2/factory';
import type { State } from '@tttv2/graph';
import { argmax, checkIds, feed, feedAll } from '@tttv2/runtime';
import { DoesNotFitError, type ModelSpec } from '@tttv2/spec';
import { type Planned, SafetensorsWriter } from './safetensors-writer.ts';
import { writeBeside } from './write-beside.ts';

export interface LogitsRequest {
  ids: readonly number[];
  /** One for each of `ids`. */
  positions: readonly number[];
  /** Greedy steps after them. */
  decode: number;
  /** The file to write. */
  out: string;
}

/** Computes logits and writes them as they come. Returns what the file holds. @throws RequestError, DoesNotFitError */
export async function writeLogits(model: Model, request: LogitsRequest, signal: AbortSignal): Promise<Planned[]> {
  const { ids, decode, out } = request;
  checkIds(ids, model.spec.vocabSize);
  const total = checkLength(model.spec, ids.length + decode);
  const plan = planOf(request, model.spec.vocabSize);
  const state = model.executable.createState({ maxSequences: 1, totalTokens: total, tokensPerSequence: total });
  try {
    await writeBeside(out, async (file) => {
      const writer = await SafetensorsWriter.begin(file, plan);
      const likeliest = await prefill(model, state, request, writer, signal);
      if (decode > 0) await decodeGreedily(model, state, likeliest, request, writer, signal);
      writer.end();
    });
  } finally {
    state.dispose();
  }
  return plan;
}

function planOf({ ids, decode }: LogitsRequest, vocabSize: number): Planned[] {
  const logits: Planned = { name: 'logits', dtype: 'F32', shape: [ids.length, vocabSize] };
  if (decode === 0) return [logits];
  return [
    logits,
    { name: 'decode_logits', dtype: 'F32', shape: [decode, vocabSize] },
    { name: 'generated_ids', dtype: 'I32', shape: [decode] },
  ];
}

/** Writes a row for every token, and returns the likeliest one after the last. */
async function prefill(
  { executable, spec }: Model,
  state: State,
  { ids, positions }: LogitsRequest,
  writer: SafetensorsWriter,
  signal: AbortSignal,
): Promise<number> {
  let likeliest = 0;
  const options = { positions: Int32Array.from(positions), signal };
  for await (const { data } of feedAll(executable, state, Int32Array.from(ids), options)) {
    await writer.write(data);
    likeliest = argmax(data.subarray(-spec.vocabSize));
  }
  return likeliest;
}

/** Feeds the likeliest token again and again; a row follows each. The tokens themselves come last in the file. */
async function decodeGreedily(
  { executable }: Model,
  state: State,
  first: number,
  { positions, decode }: LogitsRequest,
  writer: SafetensorsWriter,
  signal: AbortSignal,
): Promise<void> {
  const start = positions.reduce((a, b) => Math.max(a, b)) + 1;
  const generated = new Int32Array(decode);
  let next = first;
  for (let i = 0; i < decode; i++) {
    generated[i] = next;
    const { data } = await feed(executable, state, Int32Array.of(next), {
      positions: Int32Array.of(start + i),
      signal,
    });
    await writer.write(data);
    next = argmax(data);
  }
  await writer.write(generated);
}

function checkLength({ maxSeqLen }: ModelSpec, tokens: number): number {
  if (maxSeqLen === null || tokens <= maxSeqLen) return tokens;
  const message = `${tokens} tokens are wanted, prompt and --decode together, but the model takes ${maxSeqLen} (maxSeqLen)`;
  throw new DoesNotFitError({ message, wanted: tokens, available: maxSeqLen, unit: 'tokens' });
}
