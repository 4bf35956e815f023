/** A value type of fixed size and how to read it. */
export interface FixedType {
  bytes: number;
  /** The value at a byte offset; null for an integer beyond those that a number keeps exactly. */
  read(view: DataView, at: number): number | boolean | null;
}

/** GGUF's types of metadata values by their ids. Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. */
const types: Readonly<Record<number, FixedType | 'string' | 'array'>> = {
  0: { bytes: 1, read: (view, at) => view.getUint8(at) },
  1: { bytes: 1, read: (view, at) => view.getInt8(at) },
  2: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  3: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  4: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  5: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  6: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  7: { bytes: 1, read: (view, at) => view.getUint8(at) !== 0 },
  8: 'string',
  9: 'array',
  10: { bytes: 8, read: (view, at) => exact(view.getBigUint64(at, true)) },
  11: { bytes: 8, read: (view, at) => exact(view.getBigInt64(at, true)) },
  12: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
};

export function ggufValueType(id: number): FixedType | 'string' | 'array' | undefined {
  return Object.hasOwn(types, id) ? types[id] : undefined;
}

function exact(value: bigint): number | null {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : null;
}
