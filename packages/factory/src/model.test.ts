import { referenceBackend } from '@tttv2/graph';
import { tokenizerFromJson } from '@tttv2/hf';
import { uniformModelSpec } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { createModelFactory } from './index.node.ts';
import { Model } from './model.ts';

const spec = uniformModelSpec({ vocabSize: 50, hiddenDim: 16, numLayers: 1, numHeads: 2, intermediateDim: 24 });
const tokenizer = tokenizerFromJson(
  JSON.stringify({ model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [] }, decoder: { type: 'ByteLevel' } }),
);

test('rows of the vocabulary that are no token have no text', async () => {
  await using random = await createModelFactory({ backends: [referenceBackend] }).fromSpec(spec, {
    device: 'reference',
  });
  const { origin, executable } = random;
  const parts = { spec, origin, executable, tokenizer, chatTemplate: null, generation: null, close: async () => {} };
  const { ids, text } = await new Model(parts).generate({ prompt: 'ab', maxNewTokens: 8 }).result();
  expect(ids.some((id) => id >= tokenizer.vocabSize)).toBe(true);
  expect(text).toBe(tokenizer.decode(ids.filter((id) => id < tokenizer.vocabSize)));
});
