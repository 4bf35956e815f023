import { createHash } from 'node:crypto';
import { CheckpointError } from '@tttv2/spec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generatedTexts } from './fixtures/generated-texts.ts';
import { ggufMetadata, type MetadataValues } from './fixtures/gguf-metadata.ts';
import recorded from './fixtures/sentencepiece-generated-ids.json' with { type: 'json' };
import { sentencePieceVocabulary } from './fixtures/sentencepiece-vocabulary.ts';
import { tokenizerFromGguf } from './tokenizer-gguf.ts';

const tokenizerOf = async (values: MetadataValues) => tokenizerFromGguf(await ggufMetadata(values));
const plain = { addSpecialTokens: false };

test('generated texts have the ids that llama.cpp gives', async () => {
  const tokenizer = await tokenizerOf(sentencePieceVocabulary());
  const texts = generatedTexts(recorded.count);
  const ids = texts.map((text) => tokenizer.encode(text, plain));
  for (const [index, expected] of recorded.first.entries()) expect(ids[index], texts[index]).toEqual(expected);
  expect(createHash('sha256').update(JSON.stringify(ids)).digest('hex')).toBe(recorded.sha256);
});

const pieces = ['hello', ' ', '   ', 'the world', '[INST]', '\n\n', '👩‍👩‍👧', '\0', '\ufeff', '�', '<0x41>'];
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.array(fc.constantFrom(...pieces)).map((parts) => parts.join('')),
);

test('a text comes back as it was, but that ▁ is a space', async () => {
  const tokenizer = await tokenizerOf({ ...sentencePieceVocabulary(), 'tokenizer.ggml.add_space_prefix': false });
  fc.assert(
    fc.property(anyText, (text) => {
      expect(tokenizer.decode(tokenizer.encode(text, plain))).toBe(text.replaceAll('▁', ' '));
    }),
  );
});

test('spaces come back, also those that a token of the user holds', async () => {
  const tokenizer = await tokenizerOf(sentencePieceVocabulary());
  for (let count = 1; count < 20; count++) {
    const text = ' '.repeat(count);
    expect(tokenizer.decode(tokenizer.encode(text), { skipSpecialTokens: true })).toBe(text);
  }
});

test('the space that is put before a text is left out again', async () => {
  const tokenizer = await tokenizerOf(sentencePieceVocabulary());
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'the', ' ', '你', '🙂', '<', 'é') }), (text) => {
      expect(tokenizer.decode(tokenizer.encode(text), { skipSpecialTokens: true })).toBe(text);
    }),
  );
});

const tiny = {
  'general.architecture': 'llama',
  'tokenizer.ggml.model': 'llama',
  'tokenizer.ggml.tokens': ['<unk>', '<s>', '</s>', '<0xC3>', '<0xA9>', '▁', 'a', 'b', 'ab', '▁a', 'bb', '<é>'],
  'tokenizer.ggml.token_type': [2, 3, 3, 6, 6, 1, 1, 1, 1, 1, 1, 4],
  'tokenizer.ggml.scores': [0, 0, 0, 0, 0, -4, -4, -4, -1.5, -2.5, -1.5, 0],
};

describe('SentencePiece', () => {
  test('joins the highest score first, and of equal ones the leftmost', async () => {
    const tokenizer = await tokenizerOf(tiny);
    expect(tokenizer.encode('ab', plain)).toEqual([5, 8]);
    expect(tokenizer.encode('abb', plain)).toEqual([5, 8, 7]);
    expect(tokenizer.encode('bbb', plain)).toEqual([5, 10, 7]);
    expect(tokenizer.encode('a a', plain)).toEqual([9, 9]);
  });

  test('puts BOS first, and a space before a text and after a special token', async () => {
    const tokenizer = await tokenizerOf(tiny);
    expect(tokenizer.encode('a')).toEqual([1, 9]);
    expect(tokenizer.encode('</s>a<é>b', plain)).toEqual([2, 9, 11, 5, 7]);
    expect(tokenizer.encode('')).toEqual([1]);
    const without = await tokenizerOf({ ...tiny, 'tokenizer.ggml.add_space_prefix': false });
    expect(without.encode('</s>a', plain)).toEqual([2, 6]);
    expect(without.decode([5, 6])).toBe(' a');
  });

  test('spells what is no token in bytes, and what has no bytes either as unknown', async () => {
    const tokenizer = await tokenizerOf(tiny);
    expect(tokenizer.encode('aé世', plain)).toEqual([9, 3, 4, 0]);
    expect(tokenizer.decode([3, 4])).toBe('é');
    expect(tokenizer.decode([3])).toBe('\ufffd');
    expect(tokenizer.tokenBytes(3)).toEqual(Uint8Array.of(0xc3));
    expect(tokenizer.tokenBytes(9)).toEqual(new TextEncoder().encode(' a'));
    expect(tokenizer.tokenBytes(11)).toEqual(new TextEncoder().encode('<é>'));
  });

  test('knows the special tokens of files that do not name them', async () => {
    const tokenizer = await tokenizerOf(tiny);
    expect([tokenizer.bosTokenId, tokenizer.eosTokenIds]).toEqual([1, [2]]);
    expect(tokenizer.decode([1, 9, 2], { skipSpecialTokens: true })).toBe('a');
  });

  test('lets the special tokens of Phi 3 take the white space after them along', async () => {
    const phi3 = await tokenizerOf({ ...tiny, 'general.name': 'Phi3' });
    expect(phi3.encode('</s> \n a<s> a', plain)).toEqual([2, 9, 1, 5, 9]);
  });

  test('wants a score for each token', async () => {
    const opening = tokenizerOf({ ...tiny, 'tokenizer.ggml.scores': [0.5] });
    await expect(opening).rejects.toThrow(CheckpointError);
    await expect(opening).rejects.toThrow('model.gguf: tokenizer.ggml.scores has 1 entries for 12 tokens');
  });
});
