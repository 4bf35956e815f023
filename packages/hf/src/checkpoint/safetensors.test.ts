import { CheckpointError } from '@tttv2/spec';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildSafetensors, safetensorsOf } from '../fixtures/build-safetensors.ts';
import { damage, damages } from '../fixtures/corrupt.ts';
import { memoryFile } from '../fixtures/memory-files.ts';
import { readSafetensorsHeader } from './safetensors.ts';

const bytesOfType = { F64: 8, F32: 4, F16: 2, BF16: 2, F8_E4M3: 1, F8_E5M2: 1, I64: 8, I32: 4, U8: 1, BOOL: 1 };

const tensor = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(bytesOfType) as (keyof typeof bytesOfType)[])),
    shape: fc.array(fc.nat(5), { maxLength: 4 }),
  })
  .map(({ dtype, shape }) => ({ dtype, shape, bytes: shape.reduce((a, b) => a * b, bytesOfType[dtype]) }));
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((name) => !name.startsWith('__'));
const tensors = fc.dictionary(name, tensor, { maxKeys: 8, noNullPrototype: true });

const read = (content: Uint8Array) => readSafetensorsHeader(memoryFile(content), 'model.safetensors');

test('property: what was written is what is found', async () => {
  await fc.assert(
    fc.asyncProperty(tensors, async (written) => {
      const file = buildSafetensors(written);
      const found = await read(file);
      expect(Object.fromEntries([...found].map(([name, { shape, bytes }]) => [name, { shape, bytes }]))).toEqual(
        Object.fromEntries(Object.entries(written).map(([name, { shape, bytes }]) => [name, { shape, bytes }])),
      );
      const ends = [...found.values()].map(({ offset, bytes }) => offset + bytes);
      if (ends.length > 0) expect(Math.max(...ends)).toBe(file.byteLength);
    }),
  );
});

test('property: a damaged file is a CheckpointError or still a sound header', async () => {
  await fc.assert(
    fc.asyncProperty(tensors, damages, async (written, list) => {
      const outcome = await read(damage(buildSafetensors(written), list)).catch((error: unknown) => error);
      expect(outcome instanceof Map || outcome instanceof CheckpointError, String(outcome)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

const f32 = (shape: number[], begin: number, end: number) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });
const file = (header: object, data = 0) => safetensorsOf(JSON.stringify(header), new Uint8Array(data));

test.each<[string, Uint8Array, RegExp]>([
  ['too short', new Uint8Array(7), /model\.safetensors \(at byte 0\): has 7 bytes, too few/],
  ['header beyond the end', Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0), /header has 9 bytes, but only 0 follow/],
  ['absurd header length', new Uint8Array(8).fill(255), /18446744073709551615 bytes, but 33554432 is the most/],
  ['not JSON', safetensorsOf('{"a"'), /is not JSON/],
  ['not UTF-8', Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 255), /not text in UTF-8/],
  ['not an object', safetensorsOf('[]'), /expected object/],
  ['negative dimension', file({ a: f32([-1], 0, 4) }), /"a\.shape\.0"/],
  ['fractional dimension', file({ a: f32([1.5], 0, 6) }), /"a\.shape\.0"/],
  ['too many dimensions', file({ a: f32(Array(9).fill(1), 0, 4) }), /"a\.shape"/],
  ['metadata not strings', file({ __metadata__: { a: 1 } }), /"__metadata__\.a"/],
  ['unknown dtype', file({ a: { ...f32([1], 0, 1), dtype: 'F4' } }, 1), /tensor "a" is stored as F4.*F64, F32/],
  ['dtype named like a method', file({ a: { ...f32([1], 0, 1), dtype: 'toString' } }, 1), /stored as toString/],
  [
    'length is not that of the shape',
    file({ a: f32([2], 0, 4) }, 4),
    /tensor "a" has 4 bytes, but \[2\] of F32 takes 8/,
  ],
  ['overlap', file({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8), /tensor "b" overlaps/],
  ['gap', file({ a: f32([1], 4, 8) }, 8), /tensor "a" leaves a gap of 4 bytes/],
  ['cut short', file({ a: f32([2], 0, 8) }, 4), /tensors end here.*but the file has \d+ bytes/],
  ['too long', file({ a: f32([1], 0, 4) }, 8), /tensors end here/],
  [
    'a name twice',
    safetensorsOf(`{"a":${JSON.stringify(f32([1], 0, 4))},"a":${JSON.stringify(f32([1], 4, 8))}}`, new Uint8Array(8)),
    /leaves a gap of 4 bytes/,
  ],
])('%s', async (_, content, message) => {
  const error = await read(content).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(CheckpointError);
  expect(String(error)).toMatch(message);
});

test('headersOnly reads a file that was cut after its header', async () => {
  const whole = file({ a: f32([2], 0, 8) }, 8);
  const cut = whole.slice(0, -8);
  await expect(read(cut)).rejects.toThrow(CheckpointError);
  const found = await readSafetensorsHeader(memoryFile(cut), 'model.safetensors', { headersOnly: true });
  expect(found.get('a')).toEqual({
    file: 'model.safetensors',
    offset: cut.byteLength,
    bytes: 8,
    dtype: 'float32',
    shape: [2],
  });
});
