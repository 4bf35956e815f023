import { createHash, subtle } from 'node:crypto';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eachAtOnce } from './each-at-once.ts';
import { writeBeside } from './write-beside.ts';

const pieceBytes = 2 ** 24;
/** Two changes within this time may leave a file system's clock where it was (FAT counts in two seconds, others in less). */
const clockTick = 2000;

/** What a file contains, and what told it apart from all others when it was read. */
export interface ContentDigest {
  digest: string;
  /** Another one after each change, be it of equal size and put back to its time: nobody sets the time of a change. */
  identity: string;
}

/**
 * The digest of a file's contents. It is remembered in `folder` by the file's identity, so that a file that did not change is
 * read once; not while its last change is so recent that another might leave the same identity.
 */
export async function contentDigest(path: string, folder: string, threads: number): Promise<ContentDigest> {
  const file = await open(path);
  try {
    const before = await stateOf(file);
    const memo = join(folder, 'digests', sha256(before.identity));
    const known = await readFile(memo, 'utf8').catch(() => '');
    if (/^[0-9a-f]{64}$/.test(known)) return { digest: known, identity: before.identity };
    const digest = await digestOf(file, before.size, threads);
    const after = await stateOf(file);
    const isSettled = Date.now() - before.changed > clockTick && after.identity === before.identity;
    // Where nothing can be written it is read again the next time.
    if (isSettled) await writeBeside(memo, (kept) => kept.writeFile(digest)).catch(() => {});
    return { digest, identity: after.identity };
  } finally {
    await file.close();
  }
}

/** True when a file is still the one that was read. */
export async function isUnchanged(path: string, { identity }: ContentDigest): Promise<boolean> {
  const file = await open(path);
  try {
    return (await stateOf(file)).identity === identity;
  } finally {
    await file.close();
  }
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function stateOf(file: FileHandle): Promise<{ identity: string; size: number; changed: number }> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await file.stat({ bigint: true });
  return {
    identity: [dev, ino, size, mtimeNs, ctimeNs].join(' '),
    size: Number(size),
    changed: Number(ctimeNs / 1_000_000n),
  };
}

/** SHA-256 of the SHA-256 of each piece: pieces are read and hashed at once, off the event loop. */
async function digestOf(file: FileHandle, size: number, threads: number): Promise<string> {
  const digests: Uint8Array[] = Array.from({ length: Math.ceil(size / pieceBytes) });
  const buffers = Array.from({ length: threads }, () => new Uint8Array(Math.min(size, pieceBytes)));
  await eachAtOnce([...digests.keys()], buffers, async (piece, buffer) => {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, piece * pieceBytes);
    digests[piece] = new Uint8Array(await subtle.digest('SHA-256', buffer.subarray(0, bytesRead)));
  });
  return createHash('sha256').update(Buffer.concat(digests)).digest('hex');
}
