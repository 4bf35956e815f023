import koffi, { type LibraryHandle } from 'koffi';
import type { Pointer } from './pointer.ts';

/** Addresses of C library functions that ggml can call by itself. */
export interface NativeHelpers {
  /** `size_t strlen(const char *)`: as an abort callback over a flag it answers "is the first byte set". */
  strlen: Pointer;
  /** `int abs(int)`: does nothing that anyone would see; takes the place of a log callback. */
  abs: Pointer;
}

const libraries: Readonly<Record<string, string>> = { win32: 'ucrtbase.dll', darwin: '/usr/lib/libSystem.B.dylib' };

/** The C library of this process. */
export function libc(): LibraryHandle {
  return koffi.load(libraries[process.platform] ?? 'libc.so.6');
}

export function nativeHelpers(): NativeHelpers {
  const library = libc();
  return { strlen: library.symbol('strlen'), abs: library.symbol('abs') };
}

/**
 * glibc keeps freed blocks of tens of megabytes for itself: above 1 MiB they come from mmap, and go back when freed.
 * Other C libraries do not need it.
 */
export function returnFreedMemory(): void {
  if (process.platform !== 'linux') return;
  const mmapThreshold = -3; // M_MMAP_THRESHOLD of malloc.h
  try {
    libc().func('mallopt', 'int', ['int', 'int'])(mmapThreshold, 1 << 20);
  } catch {
    // musl has no mallopt, and returns freed memory anyway.
  }
}
