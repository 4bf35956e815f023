import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextStream } from './text-stream.ts';

/** Tokens are single bytes, as in the worst of byte-level vocabularies. */
const bytes = { decode: (ids: readonly number[]) => new TextDecoder().decode(Uint8Array.from(ids)) };

test('no piece holds a part of a character, and the pieces are the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const stream = new TextStream(bytes);
      const pieces = [...new TextEncoder().encode(text)].map((byte) => stream.push(byte));
      pieces.push(stream.end());
      expect(pieces.join('')).toBe(text);
      if (!text.includes('\uFFFD')) expect(pieces.some((piece) => piece.includes('\uFFFD'))).toBe(false);
    }),
  );
});

test('bytes that are no character are shown when something follows, or at the end', () => {
  const stream = new TextStream(bytes);
  expect(stream.push(0xe2)).toBe('');
  expect(stream.push(0x41)).toBe('\uFFFDA');
  expect(stream.push(0xe2)).toBe('');
  expect(stream.end()).toBe('\uFFFD');
});

test('a space that a tokenizer puts between words, not before the first, comes with the word', () => {
  const words = ['Hello', 'big', 'world'];
  const stream = new TextStream({ decode: (ids) => ids.map((id) => words[id]).join(' ') });
  expect([0, 1, 2].map((id) => stream.push(id))).toEqual(['Hello', ' big', ' world']);
});
