import type { FileHandle } from 'node:fs/promises';

/** A tensor that is going to be written: its rows come later. */
export interface Planned {
  name: string;
  dtype: 'F32' | 'I32';
  shape: readonly number[];
}

const elementBytes = 4;

/**
 * Writes a safetensors file whose tensors come in pieces, in the order of the plan, so that none is held whole.
 * Layout: 8 bytes of header length, the header as JSON, then the numbers, little endian as every machine that Node runs on.
 * Source: https://github.com/huggingface/safetensors#format.
 */
export class SafetensorsWriter {
  readonly #file: FileHandle;
  #missingBytes: number;

  static async begin(file: FileHandle, plan: readonly Planned[]): Promise<SafetensorsWriter> {
    const { header, dataBytes } = headerOf(plan);
    await writeAll(file, header);
    return new SafetensorsWriter(file, dataBytes);
  }

  private constructor(file: FileHandle, dataBytes: number) {
    this.#file = file;
    this.#missingBytes = dataBytes;
  }

  async write({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): Promise<void> {
    this.#missingBytes -= byteLength;
    await writeAll(this.#file, new Uint8Array(buffer, byteOffset, byteLength));
  }

  /** @throws RangeError when more or less was written than planned. */
  end(): void {
    if (this.#missingBytes !== 0)
      throw new RangeError(`${this.#missingBytes} bytes of the planned tensors are missing`);
  }
}

function headerOf(plan: readonly Planned[]): { header: Uint8Array; dataBytes: number } {
  let end = 0;
  const entries = plan.map(({ name, dtype, shape }) => {
    const begin = end;
    end += shape.reduce((product, dim) => product * dim, elementBytes);
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  // Spaces after the JSON align the numbers, so that readers can map them.
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return { header, dataBytes: end };
}

/** A file takes as much as it likes at once. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done);
    done += bytesWritten;
  }
}
