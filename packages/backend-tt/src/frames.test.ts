import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeFrame, type Frame, FrameReader, type HostArray } from './frames.ts';

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

/** Whatever a reader makes of bytes that are cut at these places. */
function readCut(bytes: Uint8Array, cuts: readonly number[]): Frame[] {
  const reader = new FrameReader();
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return places.slice(1).flatMap((to, i) => reader.push(bytes.subarray(places[i], to)));
}

/** A frame by hand. */
function frameOf(header: string, payload: Uint8Array = new Uint8Array(), prefix: { payload?: number } = {}) {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(12 + text.length + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, text.length, true);
  view.setBigUint64(4, BigInt(prefix.payload ?? payload.length), true);
  bytes.set(text, 12);
  bytes.set(payload, 12 + text.length);
  return bytes;
}

const numbers = fc.oneof(
  fc.array(fc.float(), { maxLength: 6 }).map((data) => ({ dtype: 'float32' as const, data: Float32Array.from(data) })),
  fc
    .array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { maxLength: 6 })
    .map((data) => ({ dtype: 'int32' as const, data: Int32Array.from(data) })),
);
const array = fc
  .tuple(numbers, fc.boolean())
  .map(([one, isColumn]): HostArray => ({ ...one, shape: isColumn ? [one.data.length, 1] : [one.data.length] }));
const name = fc.string().filter((text) => text !== '__proto__');
const frame = fc.record({
  header: fc.dictionary(name, fc.jsonValue()).map(({ arrays: _, ...header }) => header),
  arrays: fc.dictionary(name, array, { maxKeys: 3 }),
});

test('frames come out as they went in, however their bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 3 }), fc.array(fc.nat(), { maxLength: 30 }), (frames, cuts) => {
      const bytes = joined(frames.flatMap(({ header, arrays }) => encodeFrame(header, arrays)));
      const found = readCut(bytes, cuts).map(({ header: { arrays: _, ...header }, arrays }) => ({ header, arrays }));
      expect(found).toEqual(
        frames.map(({ header, arrays }) => ({
          header: JSON.parse(JSON.stringify(header)),
          arrays: new Map(Object.entries(arrays)),
        })),
      );
    }),
  );
});

test('a part of an array is sent as that part', () => {
  const data = Int32Array.of(1, 2, 3, 4).subarray(1, 3);
  const bytes = joined(encodeFrame({}, { part: { dtype: 'int32', shape: [2], data } }));
  expect(readCut(bytes, [])[0]?.arrays.get('part')?.data).toEqual(Int32Array.of(2, 3));
});

test('a frame that is not whole yet is none', () => {
  const bytes = joined(encodeFrame({ id: 1 }, { x: { dtype: 'float32', shape: [1], data: Float32Array.of(1) } }));
  for (let end = 0; end < bytes.length; end++) expect(new FrameReader().push(bytes.subarray(0, end))).toEqual([]);
  expect(new FrameReader().push(bytes)).toHaveLength(1);
});

const described = (shape: unknown, dtype = 'float32') => JSON.stringify({ arrays: [{ name: 'x', dtype, shape }] });

test.each<[what: string, bytes: Uint8Array]>([
  ['a header that is not JSON', frameOf('{"id": 1')],
  ['a header that is no object', frameOf('[1]')],
  ['arrays that are no list', frameOf('{"arrays": {"x": 1}}')],
  ['a type that is not sent', frameOf(described([1], 'float64'), new Uint8Array(8))],
  ['a shape that counts backwards', frameOf(described([-1]))],
  ['arrays that are longer than what came', frameOf(described([2]), new Uint8Array(4))],
  ['bytes that no array describes', frameOf(described([1]), new Uint8Array(8))],
  ['words instead of a frame', new TextEncoder().encode('Traceback (most recent call last):\n')],
])('%s is an error, not a wait', (_, bytes) => {
  expect(() => new FrameReader().push(bytes)).toThrow();
});
