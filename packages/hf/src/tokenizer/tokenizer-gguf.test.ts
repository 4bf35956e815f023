import { CheckpointError, RequestError, UnsupportedModelError } from '@tttv2/spec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ggufMetadata, type MetadataValues } from './fixtures/gguf-metadata.ts';
import { pairVocabulary } from './fixtures/pair-vocabulary.ts';
import recorded from './fixtures/pair-vocabulary-ids.json' with { type: 'json' };
import { findPreTokenizer, preTokenizerNames } from './pre-tokenizers.ts';
import { tokenizerFromGguf } from './tokenizer-gguf.ts';

const tokenizerOf = async (values: MetadataValues) => tokenizerFromGguf(await ggufMetadata(values));

const tiny = {
  'general.architecture': 'llama',
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.pre': 'gpt-2',
  'tokenizer.ggml.tokens': ['<s>', '</s>', '<|im_end|>', 'a', 'b', 'ab', 'Ġ', 'Ġab', 'Ã', '©', '<é>', '', '<unk>'],
  'tokenizer.ggml.token_type': [3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 4, 5, 2],
  'tokenizer.ggml.merges': ['a b', 'Ġ ab'],
  'tokenizer.ggml.bos_token_id': 0,
  'tokenizer.ggml.eos_token_id': 1,
};

/** Names with the same words, and the same way with them, have the same ids. */
const summary = (name: string) => {
  const pre = findPreTokenizer(name);
  return { words: recorded.texts.map((text) => pre?.split(text)), wholeWordsFirst: pre?.wholeWordsFirst };
};

describe('the ids that llama.cpp gives', () => {
  test.each(recorded.groups)('$names', async ({ names, ids }) => {
    const [first = '', ...others] = names;
    const tokenizer = await tokenizerOf(pairVocabulary(first));
    expect(recorded.texts.map((text) => tokenizer.encode(text, { addSpecialTokens: false }))).toEqual(ids);
    for (const other of others) expect(summary(other), other).toEqual(summary(first));
  });

  test('are recorded for all pre-tokenizers but those that differ on purpose or are too new', () => {
    const names = new Set(recorded.groups.flatMap(({ names }) => names));
    expect(preTokenizerNames().filter((name) => !names.has(name))).toEqual([
      'afmoe',
      'cohere2moe',
      'glm4',
      'glm5',
      'superbpe',
      'tiny_aya',
    ]);
  });
});

test('a text comes back as it was', async () => {
  const tokenizers = await Promise.all(
    ['smollm', 'llama-bpe', 'deepseek-v3'].map((pre) => tokenizerOf(pairVocabulary(pre))),
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc
      .array(fc.constantFrom('<|im_start|>', '\t\t', 'hello', ' World', '👩‍👩‍👧', '\ufeff', ' ', '\0'))
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, fc.constantFrom(...tokenizers), (text, tokenizer) => {
      const ids = tokenizer.encode(text, { addSpecialTokens: false });
      expect(tokenizer.decode(ids)).toBe(text);
      expect(tokenizer.encode(text, { addSpecialTokens: false })).toEqual(ids);
    }),
  );
});

test('lone surrogates are read as U+FFFD', async () => {
  const tokenizer = await tokenizerOf(pairVocabulary('smollm'));
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '\ud800', '\udc00', ' ') }), (text) => {
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(new TextDecoder().decode(new TextEncoder().encode(text)));
    }),
  );
});

test('merges, special tokens, bytes', async () => {
  const tokenizer = await tokenizerOf(tiny);
  expect(tokenizer.vocabSize).toBe(13);
  expect(tokenizer.bosTokenId).toBe(0);
  expect(tokenizer.encode('ab ab')).toEqual([5, 7]);
  expect(tokenizer.encode('<s>ab</s><unk>')).toEqual([0, 5, 1, 12]);
  expect(tokenizer.encode('é<é>')).toEqual([8, 9, 10]);
  expect(tokenizer.encode('')).toEqual([]);
  expect(tokenizer.decode([0, 7, 1])).toBe('<s> ab</s>');
  expect(tokenizer.decode([0, 7, 1], { skipSpecialTokens: true })).toBe(' ab');
  expect(tokenizer.decode([8])).toBe('\ufffd');
  expect(tokenizer.tokenBytes(8)).toEqual(Uint8Array.of(0xc3));
  expect(tokenizer.tokenBytes(10)).toEqual(new TextEncoder().encode('<é>'));
  expect([0, 3, 10, 11, 12].map((id) => tokenizer.isSpecial(id))).toEqual([true, false, false, true, true]);
});

test('a byte without a token leaves no trace', async () => {
  const tokenizer = await tokenizerOf(tiny);
  expect(tokenizer.encode('axb')).toEqual([3, 4]);
});

test('BOS and EOS stand around a text when the file says so', async () => {
  const both = { ...tiny, 'tokenizer.ggml.add_bos_token': true, 'tokenizer.ggml.add_eos_token': true };
  const tokenizer = await tokenizerOf(both);
  expect(tokenizer.encode('ab')).toEqual([0, 5, 1]);
  expect(tokenizer.encode('ab', { addSpecialTokens: false })).toEqual([5]);
  expect((await tokenizerOf({ ...tiny, 'tokenizer.ggml.pre': 'llama-bpe' })).encode('ab')).toEqual([0, 5]);
});

test('tokens that end a turn end it, whether the file says so or not', async () => {
  const tokenizer = await tokenizerOf(tiny);
  expect(tokenizer.eosTokenIds).toEqual([1, 2]);
  expect(tokenizer.isSpecial(2)).toBe(true);
  expect(tokenizer.encode('a<|im_end|>')).toEqual([3, 2]);
  const named = { ...tiny, 'tokenizer.ggml.eot_token_id': 3, 'tokenizer.ggml.eom_token_id': 4 };
  expect((await tokenizerOf(named)).eosTokenIds).toEqual([1, 3, 4, 2]);
  const harmony = { ...tiny, 'tokenizer.ggml.tokens': ['<|end|>', '<|return|>', '<|call|>', ...'abcdefghij'] };
  expect((await tokenizerOf({ ...harmony, 'tokenizer.ggml.merges': [] })).eosTokenIds).toEqual([1, 2]);
});

test('ids outside of the vocabulary are refused', async () => {
  const tokenizer = await tokenizerOf(tiny);
  expect(() => tokenizer.decode([3, 13])).toThrow(RequestError);
  expect(() => tokenizer.decode([3, 13])).toThrow('ids[1]: 13 is no token id: the vocabulary has ids 0 to 12');
  expect(() => tokenizer.tokenBytes(0.5)).toThrow(RequestError);
});

test('another tokenizer, or pre-tokenizer, is refused by name', async () => {
  const bert = tokenizerOf({ ...tiny, 'tokenizer.ggml.model': 'bert' });
  await expect(bert).rejects.toThrow(UnsupportedModelError);
  await expect(bert).rejects.toThrow(
    'model.gguf: the tokenizer "bert" is not supported, only gpt2 (byte-level BPE) and llama (SentencePiece BPE) ' +
      '(tokenizer.ggml.model); put the tokenizer.json of the original model beside the file',
  );
  const future = tokenizerOf({ ...tiny, 'tokenizer.ggml.pre': 'future' });
  await expect(future).rejects.toThrow(UnsupportedModelError);
  await expect(future).rejects.toThrow('model.gguf: the pre-tokenizer "future" is not known, only a.x-4.0, ');
});

test.each([
  [{ 'tokenizer.ggml.bos_token_id': 13 }, 'tokenizer.ggml.bos_token_id is 13, but the vocabulary has 13 tokens'],
  [{ 'tokenizer.ggml.token_type': [1] }, 'tokenizer.ggml.token_type has 1 entries for 13 tokens'],
  [{ 'tokenizer.ggml.tokens': ['a', 'b', 'a'] }, 'tokenizer.ggml.tokens has "a" twice, as 0 and as 2'],
  [{ 'tokenizer.ggml.merges': ['ab'] }, 'tokenizer.ggml.merges[0] is "ab", not two tokens'],
  [
    { 'tokenizer.ggml.merges': 'a b' },
    'metadata key "tokenizer.ggml.merges" is a string, but must be an array of strings',
  ],
])('%o is refused', async (wrong, message) => {
  const opening = tokenizerOf({ ...tiny, ...wrong });
  await expect(opening).rejects.toThrow(CheckpointError);
  await expect(opening).rejects.toThrow(message);
});

test.each(['bos', 'eos'])('a text cannot have a %s that is not there', async (name) => {
  const { [`tokenizer.ggml.${name}_token_id` as 'tokenizer.ggml.bos_token_id']: _, ...without } = tiny;
  const opening = tokenizerOf({ ...without, [`tokenizer.ggml.add_${name}_token`]: true });
  await expect(opening).rejects.toThrow(
    `model.gguf: tokenizer.ggml.add_${name}_token is true, but there is no tokenizer.ggml.${name}_token_id`,
  );
});
