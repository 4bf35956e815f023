import { basename, dirname } from 'node:path';
import { HubApiError, modelInfo } from '@huggingface/hub';
import { CheckpointError } from '@tttv2/spec';
import { z } from 'zod';
import type { ModelFiles } from './files.ts';
import { HubCache } from './hub/hub-cache.node.ts';
import { downloadFile } from './hub/hub-download.node.ts';
import { cacheError, downloadError, listingError } from './hub/hub-errors.node.ts';
import { type HubId, parseHubId } from './hub/hub-id.ts';
import { hubParams } from './hub/hub-request.node.ts';
import { type HubOptions, type HubSettings, hubSettings } from './hub/hub-settings.node.ts';
import { localFiles } from './local-files.node.ts';

/**
 * The files of a model on the Hugging Face hub: `owner/name`, or `owner/name/file.gguf` for one of its GGUF files. A file
 * is downloaded into the cache when it is first opened or read. When the hub cannot be reached, what the cache holds of
 * the model is used.
 * @throws CheckpointError when the model is not there, its access is restricted, or neither hub nor cache has it.
 */
export async function hubFiles(id: string, options: HubOptions = {}): Promise<ModelFiles> {
  const settings = hubSettings(options);
  checkToken(id, settings);
  const { model, only } = parseId(id, settings.revision);
  const cache = new HubCache(settings.cacheDir, model);
  const { commit, paths } = await listModel(model, cache, settings);
  return filesOf(id, chosen(id, paths, only), (path) => fetchFile({ id: model, commit, path }, cache, settings));
}

const branchOrCommit = /^\w[\w.-]*(?:\/\w[\w.-]*)*$/;

function parseId(id: string, revision: string): HubId {
  const parsed = parseHubId(id);
  if (parsed === null) throw new CheckpointError({ file: id, message: 'is no id of the hub: give owner/name' });
  if (branchOrCommit.test(revision)) return parsed;
  throw new CheckpointError({ file: id, message: `"${revision}" is no revision: give a branch, a tag or a commit` });
}

function checkToken(id: string, { token }: HubSettings): void {
  if (token === undefined || token.startsWith('hf_')) return;
  throw new CheckpointError({ file: id, message: 'the access token (HF_TOKEN) must begin with "hf_"' });
}

/**
 * The model's files: name here → path there. Those in folders are other versions of it (ONNX, original weights); one that is
 * asked for stands alone, as a file on this machine does.
 */
function chosen(id: string, paths: readonly string[], only: string | undefined): ReadonlyMap<string, string> {
  if (only === undefined) return new Map(paths.filter((path) => !path.includes('/')).map((path) => [path, path]));
  if (paths.includes(only)) return new Map([[basename(only), only]]);
  const there = paths.filter((path) => path.endsWith('.gguf')).join(', ') || 'none';
  throw new CheckpointError({
    file: id,
    message: `there is no such file; the .gguf files of this model are: ${there}`,
  });
}

/** What a model consists of at one commit. */
interface Listing {
  readonly commit: string;
  readonly paths: readonly string[];
}

async function listModel(model: string, cache: HubCache, settings: HubSettings): Promise<Listing> {
  if (settings.offline) {
    const message =
      'is not in the cache, and the hub is not to be asked (HF_HUB_OFFLINE): use a folder on this machine';
    return listCached(cache, settings, new CheckpointError({ file: model, message }));
  }
  const listing = await listOnHub(model, settings).catch((cause: unknown) => {
    settings.signal?.throwIfAborted();
    const error = listingError(model, settings.revision, cause);
    if (cause instanceof HubApiError) throw error;
    return listCached(cache, settings, error);
  });
  await cache.rememberCommit(settings.revision, listing.commit).catch((cause: unknown) => {
    throw cacheError(model, cause);
  });
  return listing;
}

const listingSchema = z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/), filePaths: z.array(z.string()) });

async function listOnHub(name: string, settings: HubSettings): Promise<Listing> {
  const { revision } = settings;
  const info = await modelInfo({ name, revision, additionalFields: ['sha', 'filePaths'], ...hubParams(settings) });
  const answer = listingSchema.safeParse(info);
  if (!answer.success) throw new Error('its answer names no commit and files', { cause: answer.error });
  return { commit: answer.data.sha, paths: answer.data.filePaths.filter(staysInside) };
}

/** @throws `otherwise` when the cache holds nothing of the model. */
async function listCached(cache: HubCache, { revision }: HubSettings, otherwise: CheckpointError): Promise<Listing> {
  const commit = await cache.commitOf(revision);
  const paths = commit === null ? [] : await cache.list(commit);
  if (commit === null || paths.length === 0) throw otherwise;
  return { commit, paths };
}

/** Paths of the hub become paths on this machine: none may lead out of its folder. */
function staysInside(path: string): boolean {
  return !/^\/|\\|:/.test(path) && !path.split('/').includes('..');
}

async function fetchFile(
  file: { id: string; commit: string; path: string },
  cache: HubCache,
  settings: HubSettings,
): Promise<string> {
  try {
    return await downloadFile(file, cache, settings);
  } catch (cause) {
    settings.signal?.throwIfAborted();
    throw downloadError(file.id, file.path, cause);
  }
}

/** `fetch` brings a file into the cache and says where it lies there. */
function filesOf(id: string, paths: ReadonlyMap<string, string>, fetch: (path: string) => Promise<string>): ModelFiles {
  const underWay = new Map<string, Promise<string>>();
  const fetchOnce = (path: string): Promise<string> => {
    const fetching = underWay.get(path) ?? fetch(path).finally(() => underWay.delete(path));
    underWay.set(path, fetching);
    return fetching;
  };
  const folderWith = async (name: string): Promise<ModelFiles> => {
    const path = paths.get(name);
    if (path === undefined) throw new CheckpointError({ file: `${id}/${name}`, message: 'is not there' });
    return localFiles(dirname(await fetchOnce(path)));
  };
  return {
    name: id,
    list: async () => [...paths.keys()],
    has: async (name) => paths.has(name),
    open: async (name) => (await folderWith(name)).open(name),
    readText: async (name) => (await folderWith(name)).readText(name),
  };
}
