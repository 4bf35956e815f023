import type { StoredView, WeightSource } from '@tttv2/graph';
import { CheckpointError } from '@tttv2/spec';
import type { Engine } from './engine.ts';
import { type MappedFile, mapFile } from './mapped-file.ts';
import { fileOf } from './placement.ts';
import { type Pointer, present } from './pointer.ts';

const forWeights = 1; // GGML_BACKEND_BUFFER_USAGE_WEIGHTS

/** A mapped file that ggml takes for a buffer. */
export interface FileBuffer extends MappedFile {
  buffer: Pointer;
}

/** The files of a source, mapped when they are first asked for. */
export class MappedFiles {
  readonly #engine: Engine;
  readonly #source: WeightSource;
  readonly #files = new Map<string, FileBuffer>();

  constructor(engine: Engine, source: WeightSource) {
    this.#engine = engine;
    this.#source = source;
  }

  /** @throws CheckpointError when it cannot be mapped. */
  of(name: string): FileBuffer {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const file = fileOf(this.#source, name);
    if (file.path === null)
      throw new CheckpointError({ file: name, message: 'does not lie in a file system, so it cannot be mapped' });
    return this.add(name, mapFile(file.path, file.size));
  }

  /** Another file, which is not one of the source. */
  add(name: string, mapped: MappedFile): FileBuffer {
    const { g } = this.#engine;
    const buffer = present(g.cpuBufferFromPtr(mapped.address, mapped.size), `a buffer over ${name}`);
    g.bufferSetUsage(buffer, forWeights);
    const entry = { ...mapped, buffer };
    this.#files.set(name, entry);
    return entry;
  }

  /** Where the bytes of a view begin. */
  addressOf({ file, offset }: StoredView): Pointer {
    return this.of(file).address + BigInt(offset);
  }

  /** Lets go of all pages that were read. */
  forget(): void {
    for (const file of this.#files.values()) file.forget();
  }

  /** Files that were only read for conversion need not stay mapped. */
  releaseUnused(used: ReadonlySet<string | undefined>): void {
    for (const [name, { buffer, unmap }] of this.#files) {
      if (used.has(name)) continue;
      this.#engine.g.bufferFree(buffer);
      unmap();
      this.#files.delete(name);
    }
  }
}
