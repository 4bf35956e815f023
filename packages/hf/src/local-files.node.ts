import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { CheckpointError } from '@tttv2/spec';
import { checkTextLength, decodeText } from './decode-text.ts';
import type { ModelFiles, OpenFile } from './files.ts';

/**
 * The files of a folder, or one .gguf file, on this machine.
 * @throws CheckpointError when there is neither at `path`.
 */
export async function localFiles(path: string): Promise<ModelFiles> {
  const found = await stat(path).catch((cause: unknown) => {
    const message =
      'there is no such folder or file: give a folder with config.json and *.safetensors, or a .gguf file';
    throw new CheckpointError({ file: path, message, cause });
  });
  if (found.isDirectory()) return filesIn(path, basename(resolve(path)), () => filesNames(path));
  if (!path.endsWith('.gguf')) {
    const message = 'is neither a folder nor a .gguf file: give the folder that holds config.json and *.safetensors';
    throw new CheckpointError({ file: path, message });
  }
  const only = basename(path);
  return filesIn(dirname(path), only, async () => [only]);
}

function filesIn(folder: string, name: string, list: () => Promise<readonly string[]>): ModelFiles {
  const find = async (path: string) => {
    if ((await list()).includes(path)) return join(folder, path);
    throw new CheckpointError({ file: join(folder, path), message: `is not there; there are ${await listed(list)}` });
  };
  return {
    name,
    list,
    has: async (path) => (await list()).includes(path),
    open: async (path) => LocalFile.open(await find(path)),
    readText: async (path) => readLocalText(await find(path)),
  };
}

/** Names of what lies in a folder, its folders left out. */
async function filesNames(folder: string): Promise<string[]> {
  const entries = await orExplain(folder, readdir(folder, { withFileTypes: true }));
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
}

async function listed(list: () => Promise<readonly string[]>): Promise<string> {
  const names = await list();
  return names.length === 0 ? 'no files' : names.slice(0, 10).join(', ') + (names.length > 10 ? ', …' : '');
}

async function readLocalText(path: string): Promise<string> {
  checkTextLength((await orExplain(path, stat(path))).size, path);
  return decodeText(await orExplain(path, readFile(path)), path);
}

/** Node reads at most this many bytes at once (it takes less than 2^31). */
const maxReadBytes = 2 ** 30;

class LocalFile implements OpenFile {
  readonly path: string;
  readonly size: number;
  readonly #handle: FileHandle;

  static async open(path: string): Promise<LocalFile> {
    const handle = await orExplain(path, open(path, 'r'));
    return new LocalFile(resolve(path), (await orExplain(path, handle.stat())).size, handle);
  }

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (offset + length > this.size) throw this.#endsBefore(offset, length);
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const wanted = Math.min(length - done, maxReadBytes);
      const { bytesRead } = await orExplain(this.path, this.#handle.read(bytes, done, wanted, offset + done));
      if (bytesRead === 0) throw this.#endsBefore(offset, length);
      done += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #endsBefore(offset: number, length: number): CheckpointError {
    const message = `ends before the ${length} bytes that are wanted here: was it cut short? Download it again`;
    return new CheckpointError({ file: this.path, offset, message });
  }
}

/** What the system says becomes an error that names the file. */
async function orExplain<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CheckpointError({ file, message: `cannot be read: ${reason}`, cause });
  }
}
