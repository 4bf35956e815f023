// Token ids of generated texts beside llama.cpp's. Runs from the sources, so with Node 22.18 or later:
//   node --conditions=@tttv2/source packages/hf/scripts/compare-ids.mjs MODEL.gguf [count] [--record FILE]
// The file may hold a vocabulary alone; `sentencepiece` is the one that the tests build. `--record` writes llama.cpp's ids
// as the tests read them.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readGgufHeader } from '../src/checkpoint/gguf.ts';
import { localFiles } from '../src/local-files.node.ts';
import { generatedTexts } from '../src/tokenizer/fixtures/generated-texts.ts';
import { ggufWith } from '../src/tokenizer/fixtures/gguf-metadata.ts';
import { sentencePieceVocabulary } from '../src/tokenizer/fixtures/sentencepiece-vocabulary.ts';
import { tokenizerFromGguf } from '../src/tokenizer/tokenizer-gguf.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { record: { type: 'string' } } });
const [model, count = '2000'] = positionals;
const folder = mkdtempSync(join(tmpdir(), 'tttv2-ids-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
const path = model === 'sentencepiece' ? builtVocabulary() : model;
const texts = generatedTexts(Number(count));

const expected = idsOfLlamaCpp();
const tokenizer = await openTokenizer();
const ids = texts.map((text) => tokenizer.encode(text, { addSpecialTokens: false }));

const differing = [...texts.keys()].filter((i) => JSON.stringify(ids[i]) !== JSON.stringify(expected[i]));
console.log(`${basename(path)}: ${texts.length - differing.length} of ${texts.length} texts have llama.cpp's ids`);
for (const i of differing.slice(0, 5)) {
  console.log(`${JSON.stringify(texts[i])}\n  ours   ${ids[i]}\n  theirs ${expected[i]}`);
}
if (values.record) writeFileSync(values.record, recorded());
process.exitCode = differing.length === 0 ? 0 : 1;

function builtVocabulary() {
  const path = join(folder, 'sentencepiece.gguf');
  writeFileSync(path, ggufWith(sentencePieceVocabulary()));
  return path;
}

function idsOfLlamaCpp() {
  const worker = fileURLToPath(new URL('../../../tooling/bench/workers/llama-cpp-tokenize.mjs', import.meta.url));
  const options = { input: JSON.stringify(texts), maxBuffer: 2 ** 30, stdio: ['pipe', 'pipe', 'inherit'] };
  const { status, stdout } = spawnSync(process.execPath, [worker, path], options);
  if (status !== 0) throw new Error(`llama.cpp did not tokenize (exit ${status})`);
  return JSON.parse(stdout.toString());
}

async function openTokenizer() {
  const file = await (await localFiles(path)).open(basename(path));
  const { metadata } = await readGgufHeader(file, path, { headersOnly: true });
  await file.close();
  return tokenizerFromGguf(metadata);
}

function recorded() {
  const by = `by llama.cpp (node-llama-cpp 3.22.1) on ${basename(path)}, special tokens read, BOS not added`;
  const sha256 = createHash('sha256').update(JSON.stringify(expected)).digest('hex');
  const first = expected.slice(0, 100).map((list) => `    ${JSON.stringify(list)}`);
  return `{\n  "recorded": "${by}: scripts/compare-ids.mjs",\n  "count": ${expected.length},\n  "sha256": "${sha256}",\n  "first": [\n${first.join(',\n')}\n  ]\n}\n`;
}
