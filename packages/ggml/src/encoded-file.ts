import { type FileHandle, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { partsOf, type WeightExpr, type WeightSource } from '@tttv2/graph';
import { dtypes } from '@tttv2/spec';
import { nativeBytes } from './arena.ts';
import { type ContentDigest, contentDigest, isUnchanged, sha256 } from './content-digest.ts';
import { type MappedFile, mapFile } from './mapped-file.ts';
import { fileOf, isInPlace, type Placement, sizeOf } from './placement.ts';
import { writeBeside } from './write-beside.ts';

/** Of how files are laid out and weights encoded; ggml's own is beside it. */
const version = 2;
/** Bytes at which a weight begins are multiples of this. */
const alignment = 64;
/** After the weights stands their checksum. */
const checksumBytes = 4;
const pieceBytes = 2 ** 24;

/** That a file could not be kept, though nothing is wrong with the weights. */
export class NotKept extends Error {}

/** True for a weight that is to be encoded in blocks, from files of this machine alone. Other types are made as fast as they are read. */
export function isWorthKeeping(placement: Placement, source: WeightSource): boolean {
  const files = filesOf(placement.expr);
  const isEncoded = !isInPlace(placement) && dtypes[placement.target].elements > 1;
  return isEncoded && files.length > 0 && files.every((name) => fileOf(source, name).path !== null);
}

/**
 * A file of encoded weights, one after the other. Its name is a digest of all that they depend on: the contents of the files
 * that they are made of, what is done with them, and by which version of what.
 */
export class EncodedFile {
  readonly path: string;
  readonly #offsets = new Map<string, number>();
  readonly #bytes: number;
  readonly #made: ReadonlyMap<string, ContentDigest>;

  private constructor(path: string, placements: readonly Placement[], made: ReadonlyMap<string, ContentDigest>) {
    this.path = path;
    this.#made = made;
    let end = 0;
    for (const placement of placements) {
      this.#offsets.set(placement.name, end);
      end += Math.ceil(sizeOf(placement) / alignment) * alignment;
    }
    this.#bytes = end;
  }

  static async of(
    placements: readonly Placement[],
    source: WeightSource,
    { folder, encoder, threads }: { folder: string; encoder: string; threads: number },
  ): Promise<EncodedFile> {
    const names = [...new Set(placements.flatMap(({ expr }) => filesOf(expr)))];
    const made = new Map<string, ContentDigest>();
    const digests: [name: string, digest: string][] = [];
    for (const name of names) {
      const path = fileOf(source, name).path ?? '';
      const found = await contentDigest(path, folder, threads);
      made.set(path, found);
      digests.push([name, found.digest]);
    }
    const weights = placements.map(({ expr, target }) => [expr, target]);
    const key = sha256(JSON.stringify({ version, encoder, arch: process.arch, digests, weights }));
    return new EncodedFile(join(folder, `${key}.weights`), placements, made);
  }

  offsetOf({ name }: Placement): number {
    return this.#offsets.get(name) ?? 0;
  }

  /** Null when it is not there, or not as it was written. */
  async open(): Promise<MappedFile | null> {
    const found = await stat(this.path).catch(() => null);
    if (found?.size !== this.#bytes + checksumBytes) return null;
    const mapped = mapFile(this.path, found.size);
    const [checksum] = new Uint32Array(nativeBytes(mapped.address, found.size).slice(this.#bytes).buffer);
    if (checksum === (await this.#checksumOf(mapped))) return mapped;
    mapped.unmap();
    return null;
  }

  /** `encode` puts each weight at its offset. Nothing stays when it fails, or when what it reads was changed meanwhile. */
  async write(encode: (put: (bytes: Uint8Array, offset: number) => Promise<void>) => Promise<void>): Promise<void> {
    await removeAbandoned(dirname(this.path));
    await writeBeside(this.path, async (file) => {
      await file.truncate(this.#bytes);
      await encode((bytes, offset) => writeAll(file, bytes, offset));
      const checksum = Uint32Array.of(await this.#checksumIn(file));
      await writeAll(file, new Uint8Array(checksum.buffer), this.#bytes);
      for (const [path, digest] of this.#made)
        if (!(await isUnchanged(path, digest))) throw new NotKept(`${path} was changed while it was read`);
    });
  }

  /** In pieces: others have their turn in between. */
  async #checksumOf({ address }: MappedFile): Promise<number> {
    const bytes = nativeBytes(address, this.#bytes);
    let checksum = 0;
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      checksum = crc32(bytes.subarray(at, at + pieceBytes), checksum);
      await turn();
    }
    return checksum;
  }

  async #checksumIn(file: FileHandle): Promise<number> {
    const buffer = new Uint8Array(Math.min(pieceBytes, this.#bytes));
    let checksum = 0;
    for (let at = 0; at < this.#bytes; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, this.#bytes - at), at);
      if (bytesRead === 0) throw new NotKept(`${this.path} ended at byte ${at} while it was written`);
      checksum = crc32(buffer.subarray(0, bytesRead), checksum);
      at += bytesRead;
    }
    return checksum;
  }
}

/** What a process left behind that was ended while it wrote, a day ago or longer. */
async function removeAbandoned(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const path of names.filter((name) => name.endsWith('.part')).map((name) => join(folder, name))) {
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > 24 * 3600 * 1000) await rm(path, { force: true });
  }
}

/** A file takes as much as it likes at once. */
async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}

function filesOf(expr: WeightExpr): string[] {
  return expr.kind === 'stored' ? [expr.file] : partsOf(expr).flatMap(filesOf);
}
