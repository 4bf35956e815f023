import { CheckpointError } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { loadGenerationConfig } from './generation-config.ts';
import { ggufMetadata } from './tokenizer/fixtures/gguf-metadata.ts';
import { byteLevelTokenizer } from './tokenizer/fixtures/tokenizer-json.ts';
import { tokenizerFromJson } from './tokenizer/tokenizer-json.ts';

test('nothing stated: no tokens, greedy', () => {
  expect(loadGenerationConfig({})).toEqual({ eosTokenIds: [], bosTokenId: null, defaults: { doSample: false } });
});

test('all sources name tokens that end a text', async () => {
  const gguf = await ggufMetadata({ 'tokenizer.ggml.eos_token_id': 2, 'tokenizer.ggml.eot_token_id': 9 });
  const tokenizer = tokenizerFromJson(JSON.stringify(byteLevelTokenizer), { bos_token: '<s>', eos_token: '</s>' });
  const { eosTokenIds, bosTokenId } = loadGenerationConfig({
    generationConfig: '{"eos_token_id":[5,2]}',
    config: '{"eos_token_id":7,"bos_token_id":null}',
    tokenizer,
    gguf,
  });
  expect(eosTokenIds).toEqual([5, 2, 7, 1, 9]);
  expect(bosTokenId).toBe(0);
});

test('sampling as the file states it', () => {
  const generationConfig =
    '{"do_sample":true,"temperature":0.6,"top_k":20,"top_p":0.95,"min_p":0,"repetition_penalty":1.1,"transformers_version":"5"}';
  expect(loadGenerationConfig({ generationConfig }).defaults).toEqual({
    doSample: true,
    temperature: 0.6,
    topK: 20,
    topP: 0.95,
    minP: 0,
    repetitionPenalty: 1.1,
  });
  expect(loadGenerationConfig({ generationConfig: '{"temperature":null}' }).defaults).toEqual({ doSample: false });
});

test.each([
  [{ generationConfig: '{"temperature":"hot"}' }, 'generation_config.json: "temperature": '],
  [{ generationConfig: '{"top_k":0.5}' }, 'generation_config.json: "top_k": '],
  [
    { generationConfig: '{"eos_token_id":"</s>"}' },
    'generation_config.json: "eos_token_id": must be a token id or a list of them',
  ],
  [{ generationConfig: '[' }, 'generation_config.json: is not JSON: '],
  [{ config: '{"bos_token_id":[1]}' }, 'config.json: "bos_token_id": '],
])('%o is refused', (sources, message) => {
  expect(() => loadGenerationConfig(sources)).toThrow(CheckpointError);
  expect(() => loadGenerationConfig(sources)).toThrow(message);
});
