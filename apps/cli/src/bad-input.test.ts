import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { runHere } from './testing/run-here.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';
import { tinyConfig, writeTinyModel } from './testing/tiny-model.ts';

const folder = await temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);
const model = at('model');
const text = at('text');

async function writeConfig(name: string, changes: object): Promise<void> {
  await mkdir(at(name), { recursive: true });
  await writeFile(at(name, 'config.json'), JSON.stringify({ ...tinyConfig, ...changes }));
}

/** A model whose safetensors header was changed, its length as before. */
async function writeLie(name: string, from: string, to: string): Promise<void> {
  await writeTinyModel(at(name));
  const bytes = await readFile(at(name, 'model.safetensors'));
  bytes.write(to.padEnd(from.length), bytes.indexOf(from));
  await writeFile(at(name, 'model.safetensors'), bytes);
}

beforeAll(async () => {
  vi.stubEnv('TTTV2_CACHE', at('cache'));
  await writeTinyModel(model);
  await writeTinyModel(text, { withTokenizer: true });
  await writeTinyModel(at('cut'));
  await truncate(at('cut', 'model.safetensors'), 5000);
  await writeLie('lie', '"shape":[64,32]', '"shape":[64,33]');
  await writeLie('absent', 'model.norm.weight', 'model.nose.weight');
  await writeConfig('unknown', { model_type: 'lama' });
  await writeConfig('contradiction', { num_attention_heads: 5 });
  await writeConfig('short', { max_position_embeddings: 4 });
  await writeFile(at('broken.json'), '{"model_type": ');
  await writeFile(at('words.json'), '[1, "two"]');
  await writeFile(at('long.json'), JSON.stringify(Array.from({ length: 66_000 }, () => 5)));
  await writeFile(at('cut.gguf'), Buffer.from('GGUF\x03\0\0\0'));
  await writeFile(at('lie.gguf'), Buffer.concat([Buffer.from('GGUF\x03\0\0\0'), Buffer.alloc(16, 0xff)]));
  await mkdir(at('empty'));
});

const out = at('out.safetensors');

describe('one message that names what is wrong, exit code 2, nothing written', () => {
  test.each([
    ['no model', ['run', at('nowhere'), '-p', 'a'], /nowhere: is no folder/],
    ['no prompt', ['run', model], /no prompt/],
    ['two prompts', ['run', model, '-p', 'a', '--ids', '1'], /--prompt and --ids/],
    ['an empty folder', ['inspect', at('empty')], /empty: has neither config.json nor a .gguf file/],
    ['an empty prompt', ['run', text, '-p', '', '--raw'], /promptIds: is empty/],
    ['no tokenizer', ['run', model, '-p', 'a'], /has no tokenizer/],
    ['cut safetensors', ['run', at('cut'), '--ids', '1'], /model.safetensors.* cut short/],
    ['lying safetensors', ['run', at('lie'), '--ids', '1'], /tensor "model.embed_tokens.weight" has 8192 bytes, but/],
    ['a missing tensor', ['run', at('absent'), '--ids', '1'], /model.norm.weight/],
    ['a cut GGUF', ['inspect', at('cut.gguf')], /cut.gguf/],
    ['a lying GGUF', ['run', at('lie.gguf'), '--ids', '1'], /lie.gguf/],
    ['an unknown family', ['convert', at('unknown', 'config.json')], /"lama".*llama/],
    ['numbers at odds', ['convert', at('contradiction')], /num_attention_heads|numHeads/],
    ['what is not JSON', ['convert', at('broken.json')], /broken.json: is not JSON/],
    ['a JSON array', ['inspect', at('words.json')], /words.json/],
    ['ids that are words', ['logits', model, '--ids', `@${at('words.json')}`, '--out', out], /words.json: "1"/],
    ['no ids', ['logits', model, '--ids', '', '--out', out], /--ids is missing/],
    ['an id beyond', ['run', model, '--ids', '1,64'], /promptIds\[1\].* is 64, but token ids go from 0 to 63/],
    ['a long prompt', ['run', model, '--ids', `@${at('long.json')}`], /66000 tokens.* takes 65536/],
    [
      'a long prompt of logits',
      ['logits', at('short', 'config.json'), '--ids', '1,2,3', '--decode', '2', '--out', out],
      /5 tokens.* takes 4/,
    ],
    ['no new tokens', ['run', model, '--ids', '1', '-n', '0'], /-n.* at least 1, found "0"/],
    ['a bad temperature', ['run', model, '--ids', '1', '-t', 'hot'], /-t.*must be a number.*"hot"/],
    ['a bad share', ['run', model, '--ids', '1', '--top-p', '1.5'], /--top-p: must be a number from 0 to 1/],
    ['a bad type', ['run', model, '--ids', '1', '--weight-dtype', 'flaot16'], /did you mean float16/],
    ['a type of other devices', ['run', model, '--ids', '1', '--weight-dtype', 'bfloat8_b'], /weightDtype "bfloat8_b"/],
    ['no such device', ['run', model, '--ids', '1', '--device', 'gpu'], /no device "gpu" here; there is cpu/],
    [
      'no such folder',
      ['logits', model, '--ids', '1', '--out', at('no', 'x')],
      /--out: the folder .*no does not exist/,
    ],
    ['a folder as file', ['logits', model, '--ids', '1', '--out', model], /--out: .*model is a folder/],
    [
      'positions that do not fit',
      ['logits', model, '--ids', '1', '--positions', at('words.json'), '--out', out],
      /words.json/,
    ],
    ['nothing to pull', ['pull', 'smollm'], /smollm: is neither a known model/],
    ['a pulled model that is not', ['run', 'smollm2-135m-instruct', '-p', 'a'], /tttv2 pull smollm2-135m-instruct/],
  ])('%s', async (_what, args, message) => {
    const before = await readdir(folder);
    const { exitCode, stdout, stderr } = await runHere(...args);
    expect(stderr).toMatch(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).not.toContain('    at ');
    expect(await readdir(folder)).toEqual(before);
  });
});
