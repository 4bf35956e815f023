import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readGgufHeader } from '../checkpoint/gguf.ts';
import { localFiles } from '../local-files.node.ts';
import { generatedTexts } from './fixtures/generated-texts.ts';
import generated from './fixtures/smollm2-generated-ids.json' with { type: 'json' };
import recorded from './fixtures/smollm2-ids.json' with { type: 'json' };
import { tokenizerFromGguf } from './tokenizer-gguf.ts';

const name = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const cache = process.env.TTTV2_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tttv2');
const path = join(cache, 'models', 'smollm2-135m-instruct', name);

test('SmolLM2 gives the ids that llama.cpp gives', async ({ skip }) => {
  if (!existsSync(path)) return skip('the model is not on this machine: tttv2 pull smollm2-135m-instruct');
  const file = await (await localFiles(path)).open(name);
  const { metadata } = await readGgufHeader(file, name);
  await file.close();
  const tokenizer = tokenizerFromGguf(metadata);
  for (const { text, ids } of recorded.cases) expect(tokenizer.encode(text), text).toEqual(ids);

  const texts = generatedTexts(generated.count);
  const ids = texts.map((text) => tokenizer.encode(text, { addSpecialTokens: false }));
  for (const [index, expected] of generated.first.entries()) expect(ids[index], texts[index]).toEqual(expected);
  expect(createHash('sha256').update(JSON.stringify(ids)).digest('hex')).toBe(generated.sha256);
});
