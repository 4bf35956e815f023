import { z } from 'zod';

/**
 * Frames between us and the Python host: u32 length of the header, u64 length of the payload, header (JSON), payload;
 * numbers little-endian. `arrays` in the header says what lies in the payload, one after the other.
 */
export interface Frame {
  header: Readonly<Record<string, unknown>>;
  arrays: ReadonlyMap<string, HostArray>;
}

/** Numbers, row-major. */
export interface HostArray {
  dtype: 'float32' | 'int32';
  shape: readonly number[];
  data: Float32Array | Int32Array;
}

const prefixBytes = 12;
/** What says that it has more is no frame, but words that somebody wrote between them. */
const longestHeader = 2 ** 28;
const described = z.array(
  z.object({ name: z.string(), dtype: z.enum(['float32', 'int32']), shape: z.array(z.number().int().nonnegative()) }),
);

/** The pieces of a frame; arrays are not copied. */
export function encodeFrame(
  header: Readonly<Record<string, unknown>>,
  arrays: Readonly<Record<string, HostArray>>,
): Uint8Array[] {
  const entries = Object.entries(arrays);
  const facts = entries.map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const text = new TextEncoder().encode(JSON.stringify({ ...header, arrays: facts }));
  const payload = entries.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const prefix = new DataView(new ArrayBuffer(prefixBytes));
  prefix.setUint32(0, text.byteLength, true);
  prefix.setBigUint64(4, BigInt(payload.reduce((sum, { byteLength }) => sum + byteLength, 0)), true);
  return [new Uint8Array(prefix.buffer), text, ...payload];
}

/** Puts frames together from bytes as they come. */
export class FrameReader {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #wanted: { header: number; payload: number } | null = null;

  /** The frames that are whole with these bytes. @throws Error when they are no frames. */
  push(chunk: Uint8Array): Frame[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.byteLength;
    const frames: Frame[] = [];
    while (true) {
      this.#wanted ??= this.#prefix();
      if (this.#wanted === null || this.#bytes < this.#wanted.header + this.#wanted.payload) return frames;
      frames.push(decode(this.#take(this.#wanted.header), this.#take(this.#wanted.payload)));
      this.#wanted = null;
    }
  }

  #prefix(): { header: number; payload: number } | null {
    if (this.#bytes < prefixBytes) return null;
    const { buffer } = this.#take(prefixBytes);
    const view = new DataView(buffer);
    const [header, payload] = [view.getUint32(0, true), Number(view.getBigUint64(4, true))];
    if (header > longestHeader) throw new Error(`a header of ${header} bytes: at most ${longestHeader}`);
    return { header, payload };
  }

  /** The next bytes, in memory of their own: aligned for numbers. */
  #take(count: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(count);
    for (let at = 0; at < count; ) {
      const [chunk] = this.#chunks;
      if (chunk === undefined) throw new Error('more bytes were asked for than came');
      const part = chunk.subarray(0, count - at);
      out.set(part, at);
      at += part.byteLength;
      if (part.byteLength === chunk.byteLength) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.byteLength);
    }
    this.#bytes -= count;
    return out;
  }
}

function decode(headerBytes: Uint8Array, payload: Uint8Array<ArrayBuffer>): Frame {
  const header = z.record(z.string(), z.unknown()).parse(JSON.parse(new TextDecoder().decode(headerBytes)));
  const arrays = new Map<string, HostArray>();
  let at = 0;
  for (const { name, dtype, shape } of described.parse(header.arrays ?? [])) {
    const count = shape.reduce((product, dim) => product * dim, 1);
    const data =
      dtype === 'float32' ? new Float32Array(payload.buffer, at, count) : new Int32Array(payload.buffer, at, count);
    arrays.set(name, { dtype, shape, data });
    at += data.byteLength;
  }
  if (at !== payload.byteLength) throw new Error(`a payload of ${payload.byteLength} bytes: its arrays have ${at}`);
  return { header, arrays };
}
