import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaultText } from '../eval/default-text.ts';
import { readTensors } from '../testing/read-tensors.ts';
import { runHere } from '../testing/run-here.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { tinyTokens, vocabSize, writeTinyModel } from '../testing/tiny-model.ts';

const folder = await temporaryFolder();
const model = await writeTinyModel(join(folder, 'model'), { withTokenizer: true });
const text = join(folder, 'text.txt');
const letters = 'thequickbrownfoxjumpsoverthelazydog';
await writeFile(text, letters);
await writeFile(join(folder, 'empty.txt'), '');
const exact = ['--weight-dtype', 'float32', '--threads', '1'];

async function evaluated(...args: string[]) {
  const { exitCode, stdout, stderr } = await runHere('eval', model, '--json', ...exact, ...args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const found: unknown = JSON.parse(stdout);
  return found;
}

/** By the definition, from the logits that another command writes. */
async function expected(ids: readonly number[]) {
  const out = join(folder, 'logits.safetensors');
  expect(await runHere('logits', model, '--ids', ids.join(), '--out', out, ...exact)).toMatchObject({ exitCode: 0 });
  const numbers = (await readTensors(out)).logits?.numbers ?? [];
  return ids.slice(1).map((id, i) => {
    const row = numbers.slice(i * vocabSize, (i + 1) * vocabSize);
    const total = row.reduce((sum, logit) => sum + Math.exp(logit), 0);
    const own = row[id] ?? Number.NaN;
    return { loss: Math.log(total) - own, rank: row.filter((logit) => logit > own).length };
  });
}

test('windows follow each other, and each token is scored by those before it in its window', async () => {
  const ids = tinyTokens(...letters);
  const windows = [ids.slice(0, 16), ids.slice(16, 32), ids.slice(32)];
  expect(windows.map(({ length }) => length)).toEqual([16, 16, 3]);
  const scores = (await inTurn(windows, expected)).flat();
  const mean = scores.reduce((sum, { loss }) => sum + loss, 0) / scores.length;
  const part = (rank: number) => scores.filter((one) => one.rank < rank).length / scores.length;
  const close = (value: number) => expect.closeTo(value, 4);
  expect(await evaluated('--text', text, '--context', '16')).toMatchObject({
    ...{ text, tokens: 32, windows: 3, context: 16, mode: 'device' },
    ...{
      negativeLogLikelihood: close(mean),
      perplexity: close(Math.exp(mean)),
      top1: close(part(1)),
      top5: close(part(5)),
    },
  });
});

test('figures for people', async () => {
  const { exitCode, stdout } = await runHere('eval', model, ...exact, '--text', text, '--context', '16');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    /^perplexity {2}\d+\.\d{4} ± \d+\.\d{4}\ntop-1 {7}\d+\.\d\d %\ntop-5 {7}\d+\.\d\d %\n32 tokens of /,
  );
});

test('the text that comes with the command is long enough for any vocabulary, and plain', async () => {
  const alice = await readFile(defaultText, 'utf8');
  expect(alice).toMatch(
    /^CHAPTER I\n\nDown the Rabbit-Hole\n\nAlice was beginning to get very tired of sitting by her/,
  );
  expect(alice).toMatch(/and the whole party swam to the shore\.\n$/);
  expect(alice.split(/\s+/).length).toBeGreaterThan(4000);
});

test.each([
  ['a text that is not there', ['--text', join(folder, 'none.txt')], /--text: .*none\.txt cannot be read: ENOENT/],
  [
    'a window beyond the model',
    ['--text', text, '--context', '65537'],
    /--context: windows of 65537 tokens .* takes 65536/,
  ],
  ['nothing to predict', ['--text', join(folder, 'empty.txt')], /fewer than two tokens/],
])('%s is bad input', async (_, args, message) => {
  const { exitCode, stderr } = await runHere('eval', model, ...exact, ...args);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(message);
});

test('a model without a tokenizer is refused by name', async () => {
  const mute = await writeTinyModel(join(folder, 'mute'));
  const { exitCode, stderr } = await runHere('eval', mute, ...exact);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/mute: has no tokenizer/);
});

async function inTurn<T, U>(items: readonly T[], work: (item: T) => Promise<U>): Promise<U[]> {
  const done: U[] = [];
  for (const item of items) done.push(await work(item));
  return done;
}
