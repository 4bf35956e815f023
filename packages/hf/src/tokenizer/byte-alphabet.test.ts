import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteCharacters, spelledBytes } from './byte-alphabet.ts';

test('letters stand for themselves, a space for Ġ, a newline for Ċ', () => {
  expect(byteCharacters[0x41]).toBe('A');
  expect(byteCharacters[0x20]).toBe('Ġ');
  expect(byteCharacters[0x0a]).toBe('Ċ');
  expect(new Set(byteCharacters).size).toBe(256);
});

test('what is spelled is read again', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(spelledBytes(Array.from(bytes, (byte) => byteCharacters[byte]).join(''))).toEqual(bytes);
    }),
  );
});

test('a character beyond the alphabet spells nothing', () => {
  expect(spelledBytes('a b')).toBeNull();
  expect(spelledBytes('你')).toBeNull();
});
