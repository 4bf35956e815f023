import { type Dtype, dtypes, UnsupportedModelError } from '@tttv2/spec';
import { type BlockDecoder, quantisedBlocks } from './quantised-blocks.ts';
import { fromFloat8E4m3, fromFloat8E5m2, fromFloat8E8m0, fromFloat16 } from './small-floats.ts';

const decoders: Partial<Record<Dtype, BlockDecoder>> = {
  float64: (view, at, out, to) => {
    out[to] = view.getFloat64(at, true);
  },
  float32: (view, at, out, to) => {
    out[to] = view.getFloat32(at, true);
  },
  float16: (view, at, out, to) => {
    out[to] = fromFloat16(view.getUint16(at, true));
  },
  ...quantisedBlocks,
};

/** Of types of a byte, the number of each. */
const byteNumbers: Partial<Record<Dtype, Float32Array>> = {
  float8_e4m3: numbersOf(fromFloat8E4m3),
  float8_e5m2: numbersOf(fromFloat8E5m2),
  float8_e8m0: numbersOf(fromFloat8E8m0),
};

/**
 * The numbers that stored bytes stand for, as float32.
 * @throws UnsupportedModelError for a storage type whose numbers we cannot read.
 */
export function dequantise(bytes: Uint8Array, dtype: Dtype): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (dtype === 'bfloat16') return fromBfloat16(view);
  const numbers = byteNumbers[dtype];
  if (numbers !== undefined) return lookedUp(bytes, numbers);
  const decode = decoders[dtype];
  if (decode === undefined) {
    const known = ['bfloat16', ...Object.keys(decoders), ...Object.keys(byteNumbers)].join(', ');
    throw new UnsupportedModelError({
      modelType: null,
      message: `weights stored as "${dtype}" cannot be turned into float32: use a checkpoint stored as one of ${known}`,
    });
  }
  const block = dtypes[dtype];
  const count = bytes.byteLength / block.bytes;
  const out = new Float32Array(count * block.elements);
  for (let i = 0; i < count; i++) decode(view, i * block.bytes, out, i * block.elements);
  return out;
}

function numbersOf(decode: (bits: number) => number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, bits) => decode(bits));
}

function lookedUp(bytes: Uint8Array, numbers: Float32Array): Float32Array {
  const out = new Float32Array(bytes.length);
  for (let i = 0; i < out.length; i++) out[i] = numbers[bytes[i] ?? 0] ?? 0;
  return out;
}

/** A bfloat16 is the upper half of a float32: copying bits is exact, and fast enough for whole checkpoints. */
function fromBfloat16(view: DataView): Float32Array {
  const out = new Uint32Array(view.byteLength / 2);
  for (let i = 0; i < out.length; i++) out[i] = view.getUint16(2 * i, true) << 16;
  return new Float32Array(out.buffer);
}
