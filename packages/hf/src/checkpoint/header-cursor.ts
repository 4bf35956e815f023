import { CheckpointError } from '@tttv2/spec';
import { utf8 } from './utf8.ts';

/** Thrown when a value lies beyond the bytes at hand: whoever reads fetches more and starts over. */
export class NeedsMoreBytes extends Error {
  /** Length of the file's start that would hold the value. */
  readonly wanted: number;

  constructor(wanted: number) {
    super(`needs ${wanted} bytes`);
    this.wanted = wanted;
  }
}

/** Reads little-endian values one after the other from the start of a file. */
export class HeaderCursor {
  /** Byte offset of the next value. */
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #file: string;

  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
  }

  uint32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  /** A 64-bit number of which no sound file has more than `most`; `what` names it. */
  uint64(what: string, most: number): number {
    const at = this.skip(8);
    const value = this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
    if (value > most) throw this.error(`says ${value} for ${what}, but ${most} is the most: the file is corrupt`, at);
    return value;
  }

  /** Steps over bytes and returns where they began. */
  skip(length: number): number {
    const at = this.at;
    if (at + length > this.#bytes.byteLength) throw new NeedsMoreBytes(at + length);
    this.at += length;
    return at;
  }

  text(what: string, maxBytes: number): string {
    const length = this.uint64(`the length of ${what}`, maxBytes);
    const at = this.skip(length);
    try {
      return utf8.decode(this.#bytes.subarray(at, this.at));
    } catch (cause) {
      throw this.error(`${what} is not text in UTF-8: the file is corrupt`, at, cause);
    }
  }

  error(message: string, offset = this.at, cause?: unknown): CheckpointError {
    return new CheckpointError({ file: this.#file, offset, message, cause });
  }
}
