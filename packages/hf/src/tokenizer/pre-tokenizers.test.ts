import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findPreTokenizer, preTokenizerNames } from './pre-tokenizers.ts';

const split = (name: string, text: string) => findPreTokenizer(name)?.split(text);

test('words joined are the text again, whatever the name', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[\s'0-9a-zA-Z]{0,20}$/),
    fc.constantFrom("'Re", '\r\n', '  ', '１２３', '你好', 'é', '<sentinel:1>', '~'),
  );
  fc.assert(
    fc.property(fc.constantFrom(...preTokenizerNames()), fc.array(piece, { maxLength: 6 }), (name, pieces) => {
      const words = split(name, pieces.join('')) ?? [];
      expect(words.join('')).toBe(pieces.join(''));
      expect(words).not.toContain('');
    }),
  );
});

test('digits one by one, in threes from the left, in threes from the right', () => {
  expect(split('smollm', 'x1234')).toEqual(['x', '1', '2', '3', '4']);
  expect(split('llama-bpe', 'x1234')).toEqual(['x', '123', '4']);
  for (const name of ['tiny_aya', 'afmoe', 'superbpe'])
    expect(split(name, 'x1234567')).toEqual(['x', '1', '234', '567']);
  expect(split('tiny_aya', '123456 ١٢٣٤')).toEqual(['123', '456', ' ', '١', '٢٣٤']);
});

test('white space is what Unicode says, not what JavaScript says', () => {
  expect(split('gpt-2', 'a\u0085\u0085b')).toEqual(['a', '\u0085', '\u0085', 'b']);
  expect(split('gpt-2', 'a\ufeff.b')).toEqual(['a', '\ufeff.', 'b']);
});

test('a name that is not known has none', () => {
  expect(findPreTokenizer('no-such')).toBeUndefined();
});

test.each([
  'gpt-2',
  'llama-bpe',
  'gpt-4o',
  'deepseek-v3',
  'deepseek-llm',
  'tiny_aya',
  'superbpe',
  'exaone-moe',
  'jais-2',
])('%s takes time in proportion to the text', (name) => {
  for (const unit of ['a', 'A', 'é', '1', ' ', '\n ', '~', "'", 'a ']) {
    expect(split(name, `${unit.repeat(20_000)}x`)?.join('')).toHaveLength(unit.length * 20_000 + 1);
  }
});
