import { closeSync, openSync } from 'node:fs';
import { CheckpointError } from '@tttv2/spec';
import koffi from 'koffi';
import { libc } from './libc.ts';
import { type Pointer, present } from './pointer.ts';

/** A file's bytes in memory without a copy: pages come from disk when they are touched, and are shared between processes. */
export interface MappedFile {
  address: Pointer;
  size: number;
  /** Lets go of pages that were read and are not needed soon: they come from disk again when they are. */
  forget(): void;
  unmap(): void;
}

/** @throws CheckpointError when the file cannot be opened or mapped. */
export function mapFile(path: string, size: number): MappedFile {
  return process.platform === 'win32' ? mapOnWindows(path, size) : mapOnPosix(path, size);
}

function mapOnPosix(path: string, size: number): MappedFile {
  const [readable, shared] = [1, 1]; // PROT_READ, MAP_SHARED
  const failed = 0xffff_ffff_ffff_ffffn; // MAP_FAILED
  const mmap = libc().func('mmap', 'void *', ['void *', 'size_t', 'int', 'int', 'int', 'int64']);
  const munmap = libc().func('munmap', 'int', ['void *', 'size_t']);
  const madvise = libc().func('madvise', 'int', ['void *', 'size_t', 'int']);
  const dontNeed = 4; // MADV_DONTNEED
  const file = openFile(path);
  try {
    const address: Pointer | null = mmap(null, size, readable, shared, file, 0);
    if (address === null || address === failed)
      throw new CheckpointError({ file: path, message: 'cannot be mapped into memory' });
    return {
      address,
      size,
      forget: () => void madvise(address, size, dontNeed),
      unmap: () => void munmap(address, size),
    };
  } finally {
    closeSync(file);
  }
}

function mapOnWindows(path: string, size: number): MappedFile {
  const kernel = koffi.load('kernel32.dll');
  const pointer = 'void *';
  const createFile = kernel.func('CreateFileW', pointer, [
    'str16',
    'uint32',
    'uint32',
    pointer,
    'uint32',
    'uint32',
    pointer,
  ]);
  const createMapping = kernel.func('CreateFileMappingW', pointer, [
    pointer,
    pointer,
    'uint32',
    'uint32',
    'uint32',
    pointer,
  ]);
  const mapView = kernel.func('MapViewOfFile', pointer, [pointer, 'uint32', 'uint32', 'uint32', 'size_t']);
  const unmapView = kernel.func('UnmapViewOfFile', 'bool', [pointer]);
  const closeHandle = kernel.func('CloseHandle', 'bool', [pointer]);
  const [genericRead, shareRead, openExisting, pageReadOnly, mapRead] = [0x8000_0000, 1, 3, 2, 4];
  closeSync(openFile(path)); // for the same message as elsewhere when the file is not there
  const file = createFile(path, genericRead, shareRead, null, openExisting, 0, null);
  const mapping = createMapping(file, null, pageReadOnly, 0, 0, null);
  const address = present(mapView(mapping, mapRead, 0, 0, 0), `mapping ${path}`);
  // The view keeps the file open by itself.
  closeHandle(mapping);
  closeHandle(file);
  return { address, size, forget: () => {}, unmap: () => void unmapView(address) };
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CheckpointError({ file: path, message: `cannot be opened: ${message}`, cause });
  }
}
