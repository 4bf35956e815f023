import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileDownloadInfo, HubApiError } from '@huggingface/hub';
import { CheckpointError } from '@tttv2/spec';
import { type HubCache, isFile } from './hub-cache.node.ts';
import { hubParams } from './hub-request.node.ts';
import type { HubSettings } from './hub-settings.node.ts';
import { watchdog } from './watchdog.node.ts';

/** A file of the hub, at a fixed commit. */
export interface HubFile {
  readonly id: string;
  readonly commit: string;
  readonly path: string;
}

/** Brings a file into the cache if it is not there; goes on where an earlier attempt ended. Returns where it lies. */
export async function downloadFile(file: HubFile, cache: HubCache, settings: HubSettings): Promise<string> {
  const { id, commit, path } = file;
  const target = join(cache.snapshot(commit), path);
  if (await isFile(target)) return target;
  const info = await fileDownloadInfo({ repo: id, path, revision: commit, ...hubParams(settings) });
  if (info === null) throw new CheckpointError({ file: `${id}/${path}`, message: 'is not on the hub' });
  const partial = cache.partial(commit, path);
  await mkdir(dirname(partial), { recursive: true });
  await completeFile(partial, { name: `${id}/${path}`, url: info.url, bytes: info.size }, settings);
  await mkdir(dirname(target), { recursive: true });
  await rename(partial, target).catch(async (error: unknown) => {
    // Another process may have brought the same file meanwhile.
    if (!(await isFile(target))) throw error;
  });
  return target;
}

interface RemoteFile {
  readonly name: string;
  readonly url: string;
  /** Its length. */
  readonly bytes: number;
}

/**
 * Every byte has one right value at its place, which depends on the commit alone: two processes that write the same file
 * do each other no harm.
 */
async function completeFile(partial: string, remote: RemoteFile, settings: HubSettings): Promise<void> {
  const handle = await open(partial, constants.O_RDWR | constants.O_CREAT);
  try {
    const { size } = await handle.stat();
    if (size > remote.bytes) await handle.truncate(0);
    const from = size > remote.bytes ? 0 : size;
    if (from < remote.bytes) await receive(handle, from, remote, settings);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function receive(handle: FileHandle, from: number, remote: RemoteFile, settings: HubSettings): Promise<void> {
  const { name, url, bytes } = remote;
  const watch = watchdog(settings);
  try {
    const authorization = settings.token === undefined ? {} : { Authorization: `Bearer ${settings.token}` };
    const headers = { ...authorization, Range: `bytes=${from}-` };
    const response = await fetch(url, { headers, signal: watch.signal });
    if (!response.ok) throw new HubApiError(url, response.status, undefined, `status ${response.status}`);
    let at = response.status === 206 ? from : 0;
    for await (const chunk of response.body ?? []) {
      watch.alive();
      await writeAt(handle, chunk, at);
      at += chunk.length;
      settings.onProgress({ file: name, bytes: at, totalBytes: bytes });
    }
    if (at === bytes) return;
    throw new CheckpointError({
      file: name,
      message: `${at} of ${bytes} bytes arrived: try again, it goes on from there`,
    });
  } finally {
    watch.done();
  }
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
