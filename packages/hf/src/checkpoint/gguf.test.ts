import { bytesOf, CheckpointError, dtypes } from '@tttv2/spec';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildGguf, type GgufFixtureValue, type GgufNumberType } from '../fixtures/build-gguf.ts';
import { damage, damages } from '../fixtures/corrupt.ts';
import { memoryFile } from '../fixtures/memory-files.ts';
import { dtypeOfGgmlType } from './ggml-types.ts';
import { readGgufHeader } from './gguf.ts';

const read = (content: Uint8Array) => readGgufHeader(memoryFile(content), 'model.gguf');

const ranges: Record<GgufNumberType, fc.Arbitrary<number>> = {
  uint8: fc.integer({ min: 0, max: 255 }),
  int8: fc.integer({ min: -128, max: 127 }),
  uint16: fc.integer({ min: 0, max: 65535 }),
  int16: fc.integer({ min: -32768, max: 32767 }),
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  int32: fc.integer(),
  float32: fc.float(),
  uint64: fc.nat(Number.MAX_SAFE_INTEGER),
  int64: fc.maxSafeInteger(),
  float64: fc.double(),
};
const numberTypes = Object.keys(ranges) as GgufNumberType[];
const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const value: fc.Arbitrary<GgufFixtureValue> = fc.oneof(
  ...numberTypes.map((type) => ranges[type].map((value): GgufFixtureValue => ({ type, value }))),
  ...numberTypes.map((of) =>
    fc.array(ranges[of], { maxLength: 4 }).map((values): GgufFixtureValue => ({ type: 'array', of, values })),
  ),
  fc.boolean().map((value): GgufFixtureValue => ({ type: 'bool', value })),
  text.map((value): GgufFixtureValue => ({ type: 'string', value })),
  fc.array(text, { maxLength: 4 }).map((values): GgufFixtureValue => ({ type: 'array', of: 'string', values })),
  fc.array(fc.boolean(), { maxLength: 4 }).map((values): GgufFixtureValue => ({ type: 'array', of: 'bool', values })),
);
const typeIds = Array.from({ length: 64 }, (_, id) => id).filter((id) => dtypeOfGgmlType(id) !== undefined);
const tensor = fc
  .record({
    typeId: fc.constantFrom(...typeIds),
    rows: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
    blocks: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ typeId, rows, blocks }) => {
    const dtype = dtypeOfGgmlType(typeId) ?? 'float32';
    const shape = [...rows, blocks * dtypes[dtype].elements];
    return { typeId, shape, bytes: bytesOf(dtype, shape) };
  });
const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 });
const fixture = fc.record({
  version: fc.constantFrom(2, 3),
  alignment: fc.constantFrom(8, 32, 64),
  metadata: fc.dictionary(key, value, { maxKeys: 6, noNullPrototype: true }),
  tensors: fc.dictionary(key, tensor, { maxKeys: 6, noNullPrototype: true }),
});

test('property: what was written is what is found', async () => {
  await fc.assert(
    fc.asyncProperty(fixture, async (written) => {
      const { metadata, tensors } = await read(buildGguf(written));
      for (const [key, value] of Object.entries(written.metadata)) {
        expect(metadata.value(key)).toEqual(value.type === 'array' ? value.values : value.value);
      }
      expect([...tensors.keys()]).toEqual(Object.keys(written.tensors));
      for (const [name, { typeId, shape, bytes }] of Object.entries(written.tensors)) {
        const found = tensors.get(name);
        expect(found).toMatchObject({ dtype: dtypeOfGgmlType(typeId), shape, bytes });
        expect((found?.offset ?? 1) % written.alignment).toBe(0);
      }
    }),
  );
});

test('property: a damaged file is a CheckpointError or still a sound header', async () => {
  await fc.assert(
    fc.asyncProperty(fixture, damages, async (written, list) => {
      const outcome = await readAll(damage(buildGguf(written), list)).catch((error: unknown) => error);
      expect(outcome === 'read' || outcome instanceof CheckpointError, String(outcome)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

async function readAll(content: Uint8Array): Promise<'read'> {
  const { metadata } = await read(content);
  for (const key of metadata.keys()) metadata.value(key);
  return 'read';
}

const f32 = { typeId: 0, shape: [1], bytes: 4 };
const plain = buildGguf({ metadata: {}, tensors: { a: f32 } });

/** The file with a number of 32 bits changed. */
function patched(file: Uint8Array, offset: number, value: number): Uint8Array {
  const out = file.slice();
  new DataView(out.buffer).setUint32(offset, value, true);
  return out;
}
const one = buildGguf({ metadata: { k: { type: 'uint8', value: 1 } }, tensors: {} });
const array = buildGguf({ metadata: { k: { type: 'array', of: 'uint8', values: [1] } }, tensors: {} });

test.each<[string, Uint8Array, RegExp]>([
  ['empty', new Uint8Array(), /ends within its header, which needs 4 bytes/],
  ['another format', new TextEncoder().encode('{"a": 1}'), /does not begin with "GGUF"/],
  ['version 1', patched(plain, 4, 1), /version 1; 2 and 3 are read/],
  ['big endian', patched(plain, 4, 0x03000000), /big-endian/],
  ['tensors without end', patched(plain, 12, 1), /4294967297 for its number of tensors, but 262144 is the most/],
  ['keys without end', patched(plain, 20, 1), /its number of metadata keys/],
  ['a key without end', patched(one, 24, 1 << 20), /the length of a metadata key/],
  ['unknown value type', patched(one, 33, 13), /\(at byte 33\): metadata key "k" has a type/],
  ['array of arrays', patched(array, 37, 9), /"k" is an array of arrays/],
  ['array without end', patched(array, 41, 1 << 30), /the length of array "k"/],
  ['cut in its header', plain.slice(0, 30), /ends within its header/],
  ['cut in its data', plain.slice(0, -32), /tensor "a" ends at byte \d+, but the file has/],
  ['no dimensions', buildGguf({ metadata: {}, tensors: { a: { ...f32, shape: [] } } }), /"a" has 0 dimensions/],
  ['five dimensions', buildGguf({ metadata: {}, tensors: { a: { ...f32, shape: [1, 1, 1, 1, 1] } } }), /5 dimensions/],
  ['a dimension of zero', buildGguf({ metadata: {}, tensors: { a: { ...f32, shape: [0] } } }), /cannot have the shape/],
  ['half a block', buildGguf({ metadata: {}, tensors: { a: { ...f32, typeId: 8, shape: [16] } } }), /"a" of q8_0/],
  ['unknown type', buildGguf({ metadata: {}, tensors: { a: { ...f32, typeId: 40 } } }), /ggml type NVFP4/],
  ['younger type', buildGguf({ metadata: {}, tensors: { a: { ...f32, typeId: 99 } } }), /ggml type number 99/],
  ['bad alignment', buildGguf({ alignment: 24, metadata: {}, tensors: {} }), /"general.alignment" is 24/],
  ['crooked offset', patched(plain, 49, 4), /multiple of the alignment 32/],
])('%s', async (_, content, message) => {
  const error = await read(content).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(CheckpointError);
  expect(String(error)).toMatch(message);
});

test('tensors that overlap', async () => {
  const file = buildGguf({ metadata: {}, tensors: { a: f32, b: f32 } });
  const info = file.findIndex((byte, i) => byte === 0x62 && file[i - 8] === 1);
  await expect(read(patched(file, info + 17, 0))).rejects.toThrow(/"b" overlaps/);
});

test('headersOnly reads a file that was cut after its header', async () => {
  const { tensors } = await readGgufHeader(memoryFile(plain.slice(0, -32)), 'model.gguf', { headersOnly: true });
  expect(tensors.get('a')?.shape).toEqual([1]);
});

test('a header longer than the first read is read whole', async () => {
  const long = 'x'.repeat(5 * 2 ** 20);
  const { metadata } = await read(buildGguf({ metadata: { long: { type: 'string', value: long } }, tensors: {} }));
  expect(metadata.string('long')).toBe(long);
});

test('metadata is typed, and a byte order mark is a token like any other', async () => {
  const { metadata } = await read(
    buildGguf({
      metadata: {
        n: { type: 'uint32', value: 7 },
        s: { type: 'string', value: '\uFEFFé' },
        l: { type: 'array', of: 'string', values: ['\uFEFF', ''] },
        big: { type: 'uint64', value: 2 ** 60 },
      },
      tensors: {},
    }),
  );
  expect([metadata.number('n'), metadata.string('s'), metadata.strings('l')]).toEqual([7, '\uFEFFé', ['\uFEFF', '']]);
  expect([metadata.number('none', 1), metadata.boolean('none', true), metadata.numbers('none', [])]).toEqual([
    1,
    true,
    [],
  ]);
  expect(() => metadata.string('n')).toThrow(/model\.gguf.*"n" is a number, but must be a string/);
  expect(() => metadata.numbers('l')).toThrow(/"l" is an array of 2, but must be an array of numbers/);
  expect(() => metadata.number('none')).toThrow(/no metadata key "none"/);
  expect(() => metadata.number('big')).toThrow(/integer beyond those/);
});
