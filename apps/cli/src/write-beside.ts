import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UsageError } from './usage-error.ts';

/** Writes a file that is there whole or not at all: beside its place, then renamed; when `write` fails nothing stays. */
export async function writeBeside(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.part`);
  const file = await open(temporary, 'wx');
  try {
    await writeAndClose(file, write);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The bytes are on the disk before the file gets its name: a name never stands for less, even after a power cut. */
async function writeAndClose(file: FileHandle, write: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Checks that a file can be made there, before the work whose result it is to hold. @throws UsageError */
export async function checkWritable(path: string, label: string): Promise<void> {
  const folder = await stat(dirname(path)).catch(() => null);
  if (folder === null) throw new UsageError(`${label}: the folder ${dirname(path)} does not exist: create it first`);
  if (!folder.isDirectory()) throw new UsageError(`${label}: ${dirname(path)} is a file, not a folder`);
  const target = await stat(path).catch(() => null);
  if (target?.isDirectory()) throw new UsageError(`${label}: ${path} is a folder: name a file in it`);
}
