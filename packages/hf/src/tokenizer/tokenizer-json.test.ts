import { CheckpointError, RequestError } from '@tttv2/spec';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteLevelTokenizer, wordTokenizer } from './fixtures/tokenizer-json.ts';
import { parseTokenizerConfig } from './tokenizer-config.ts';
import { tokenizerFromJson } from './tokenizer-json.ts';

const byteLevel = tokenizerFromJson(JSON.stringify(byteLevelTokenizer), {
  bos_token: '<s>',
  eos_token: { content: '</s>' },
});
const a = 3 + 'a'.charCodeAt(0) - '!'.charCodeAt(0);

test('ids, special tokens, BOS', () => {
  const { model } = byteLevelTokenizer;
  const [ab, spaceAb] = [model.vocab.ab, model.vocab.Ġab];
  expect(byteLevel.vocabSize).toBe(3 + 256 + 2);
  expect(byteLevel.bosTokenId).toBe(0);
  expect(byteLevel.eosTokenIds).toEqual([1]);
  expect(byteLevel.encode('ab ab</s>')).toEqual([0, ab, spaceAb, 1]);
  expect(byteLevel.encode('ab<|im_end|>', { addSpecialTokens: false })).toEqual([ab, 2]);
  expect(byteLevel.encode('', { addSpecialTokens: false })).toEqual([]);
});

test('decode and bytes', () => {
  const ids = byteLevel.encode('é<|im_end|> ab');
  expect(byteLevel.decode(ids)).toBe('<s>é<|im_end|> ab');
  expect(byteLevel.decode(ids, { skipSpecialTokens: true })).toBe('é<|im_end|> ab');
  expect(byteLevel.decode(ids.slice(1, 2))).toBe('\ufffd');
  expect(byteLevel.decode([])).toBe('');
  expect(ids.slice(1, 3).map((id) => byteLevel.tokenBytes(id))).toEqual([Uint8Array.of(0xc3), Uint8Array.of(0xa9)]);
  expect(byteLevel.isSpecial(0)).toBe(true);
  expect(byteLevel.isSpecial(2)).toBe(false);
});

test.each([
  ['alone', byteLevelTokenizer.pre_tokenizer],
  ['after another', { type: 'Sequence', pretokenizers: [{ type: 'Digits' }, byteLevelTokenizer.pre_tokenizer] }],
])('ByteLevel %s cuts at Unicode’s white space, as in Rust', (_, pre_tokenizer) => {
  const { model } = byteLevelTokenizer;
  const merged = { ...model, vocab: { ...model.vocab, ĠÂ: 261, čĊ: 262 }, merges: ['Ġ Â', 'č Ċ'] };
  const tokenizer = tokenizerFromJson(JSON.stringify({ ...byteLevelTokenizer, pre_tokenizer, model: merged }));
  const words = (text: string) =>
    tokenizer.encode(text, { addSpecialTokens: false }).map((id) => tokenizer.decode([id]));
  // U+0085 (C2 85) is white space: before a letter it stands apart from the space before it.
  expect(words(' \u0085a')).toEqual([' ', '\ufffd', '\ufffd', 'a']);
  expect(tokenizer.encode(' \u00ae', { addSpecialTokens: false })[0]).toBe(261);
  // U+FEFF is none: of the line end before it the last character stands apart.
  expect(words('\r\n\ufeff').slice(0, 2)).toEqual(['\r', '\n']);
  expect(words('\r\n')).toEqual(['\r\n']);
});

test('decoding does not tidy spaces', () => {
  expect(byteLevel.decode(byteLevel.encode("I 'm here , am I ?", { addSpecialTokens: false }))).toBe(
    "I 'm here , am I ?",
  );
});

test('a text comes back as it was', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
  fc.assert(
    fc.property(text, (text) => {
      expect(byteLevel.decode(byteLevel.encode(text, { addSpecialTokens: false }))).toBe(text);
    }),
  );
});

test('ids outside of the vocabulary are refused', () => {
  expect(() => byteLevel.decode([a, -1])).toThrow(RequestError);
  expect(() => byteLevel.tokenBytes(1000)).toThrow(RequestError);
});

test('a tokenizer that is not byte-level has no bytes', () => {
  const words = tokenizerFromJson(JSON.stringify(wordTokenizer));
  expect(words.encode('hello world')).toEqual([1, 2]);
  expect(words.decode([1, 2])).toBe('hello world');
  expect(words.decode([])).toBe('');
  expect(words.tokenBytes(1)).toBeNull();
  expect(words.bosTokenId).toBeNull();
});

test.each([
  ['not JSON', '{', /^tokenizer\.json: is not JSON: /],
  ['no object', '[]', /^tokenizer\.json: /],
  ['no model', '{}', /^tokenizer\.json: "model": /],
  ['no vocabulary', '{"model":{"type":"BPE","vocab":3}}', /^tokenizer\.json: "model\.vocab": must be a vocabulary$/],
  ['a fractional id', '{"model":{"vocab":{"a":0.5}}}', /^tokenizer\.json: "model\.vocab": must be a vocabulary$/],
  ['unknown model', '{"model":{"type":"Magic","vocab":{}}}', /^tokenizer\.json: "model\.type": must be BPE, /],
  ['no merges', '{"model":{"type":"BPE","vocab":{"a":0}}}', /^tokenizer\.json: cannot be used: /],
  [
    'unknown decoder',
    JSON.stringify({ ...byteLevelTokenizer, decoder: { type: 'Magic' } }),
    /^tokenizer\.json: cannot be used: Unknown Decoder type: Magic$/,
  ],
])('%s is refused', (_, text, message) => {
  expect(() => tokenizerFromJson(text)).toThrow(CheckpointError);
  expect(() => tokenizerFromJson(text)).toThrow(message);
});

test.each([
  ['{"bos_token":3}', '"bos_token": must be a text or { "content": text }'],
  ['{"chat_template":[{"name":"default"}]}', '"chat_template": must be a text or a list of { "name", "template" }'],
  ['3', 'Invalid input: expected object, received number'],
])('tokenizer_config.json %s is refused', (text, message) => {
  expect(() => parseTokenizerConfig(text, 'tokenizer_config.json')).toThrow(CheckpointError);
  expect(() => parseTokenizerConfig(text, 'tokenizer_config.json')).toThrow(`tokenizer_config.json: ${message}`);
});
