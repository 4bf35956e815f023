import { CheckpointError, UnsupportedModelError } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { memoryFiles } from './fixtures/memory-files.ts';
import { openModelText } from './model-text.ts';
import { ggufMetadata } from './tokenizer/fixtures/gguf-metadata.ts';
import { pairVocabulary } from './tokenizer/fixtures/pair-vocabulary.ts';
import { byteLevelTokenizer } from './tokenizer/fixtures/tokenizer-json.ts';

test('the files of a folder', async () => {
  const files = memoryFiles({
    'config.json': '{"eos_token_id":7}',
    'generation_config.json': '{"temperature":0.5,"do_sample":true}',
    'tokenizer.json': JSON.stringify(byteLevelTokenizer),
    'tokenizer_config.json': '{"bos_token":"<s>","eos_token":"</s>","chat_template":"{{ bos_token }}config"}',
  });
  const { tokenizer, chatTemplate, generation } = await openModelText(files, null);
  expect(tokenizer?.encode('ab')).toHaveLength(2);
  expect(chatTemplate?.render([], { addGenerationPrompt: true })).toBe('<s>config');
  expect(generation).toEqual({
    eosTokenIds: [7, 1],
    bosTokenId: 0,
    defaults: { doSample: true, temperature: 0.5 },
  });
});

test('chat_template.jinja comes before tokenizer_config.json', async () => {
  const files = memoryFiles({ 'chat_template.jinja': 'file', 'tokenizer_config.json': '{"chat_template":"config"}' });
  const { chatTemplate, tokenizer } = await openModelText(files, null);
  expect(chatTemplate?.source).toBe('file');
  expect(tokenizer).toBeNull();
});

test('a GGUF file alone, and with the tokenizer of the original beside it', async () => {
  const gguf = await ggufMetadata({ ...pairVocabulary('smollm'), 'tokenizer.chat_template': 'gguf' });
  const alone = await openModelText(memoryFiles({}), gguf);
  expect(alone.tokenizer?.decode(alone.tokenizer.encode('Hello'))).toBe('Hello');
  expect(alone.chatTemplate?.source).toBe('gguf');
  expect(alone.generation.eosTokenIds).toEqual(alone.tokenizer?.eosTokenIds);
  const files = memoryFiles({ 'tokenizer.json': JSON.stringify(byteLevelTokenizer) });
  const bert = await ggufMetadata({ 'tokenizer.ggml.model': 'bert' });
  expect((await openModelText(files, bert)).tokenizer?.vocabSize).toBe(261);
  await expect(openModelText(memoryFiles({}), bert)).rejects.toThrow(UnsupportedModelError);
});

test('a model without any text', async () => {
  const nothing = {
    tokenizer: null,
    chatTemplate: null,
    generation: { eosTokenIds: [], bosTokenId: null, defaults: { doSample: false } },
  };
  expect(await openModelText(memoryFiles({}), null)).toEqual(nothing);
  expect(await openModelText(memoryFiles({}), await ggufMetadata({ 'general.name': 'x' }))).toEqual(nothing);
});

test.each(['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json'])(
  'a broken %s is named',
  async (path) => {
    const opening = openModelText(memoryFiles({ [path]: '{' }), null);
    await expect(opening).rejects.toThrow(CheckpointError);
    await expect(opening).rejects.toThrow(new RegExp(`^${path}: is not JSON: `));
  },
);
