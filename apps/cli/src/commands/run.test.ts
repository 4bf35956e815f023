import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { ended, runCli, startCli } from '../testing/run-cli.ts';
import { runHere } from '../testing/run-here.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { tinyTokens, writeTinyModel } from '../testing/tiny-model.ts';

const folder = await temporaryFolder();
const model = await writeTinyModel(join(folder, 'model'), { withTokenizer: true });
const silent = await writeTinyModel(join(folder, 'silent'));

const rate = z.number().positive();
const token = { id: z.int(), text: z.string(), logprob: z.number().max(0) };
const jsonSchema = z.strictObject({
  promptIds: z.array(z.int()),
  ids: z.array(z.int()),
  text: z.string(),
  logprobs: z.array(z.strictObject({ ...token, top: z.array(z.strictObject(token)) })).optional(),
  finishReason: z.enum(['stop', 'length', 'abort']),
  mode: z.literal('device'),
  ttftMs: rate.nullable(),
  prefillTokensPerSecond: rate.nullable(),
  decodeTokensPerSecond: rate.nullable(),
  loadMs: rate,
  memory: z.strictObject({
    mappedWeights: z.number(),
    ownWeights: z.number(),
    states: rate,
    compute: rate,
  }),
});

async function runJson(...args: string[]) {
  const { stdout, stderr, exitCode } = await runHere('run', ...args, '--threads', '1', '--json');
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  return jsonSchema.parse(JSON.parse(stdout));
}

test('token ids in, token ids out, without a tokenizer', async () => {
  const result = await runJson(silent, '--ids', '5,6,7', '-n', '6', '--ignore-eos');
  expect(result).toMatchObject({ promptIds: [5, 6, 7], text: '', finishReason: 'length' });
  expect(result.ids).toHaveLength(6);
  expect(await runJson(silent, '--ids', '5, 6, 7', '-n', '6', '--ignore-eos')).toMatchObject({ ids: result.ids });
});

test('rates of nothing are null', async () => {
  expect(await runJson(silent, '--ids', '5', '-n', '1')).toMatchObject({ decodeTokensPerSecond: null });
});

test('a prompt goes through the chat template', async () => {
  const [user, assistant, end] = tinyTokens('<|user|>', '<|assistant|>', '</s>');
  const { promptIds } = await runJson(model, '-p', 'ab', '-n', '1');
  expect(promptIds).toEqual([user, ...tinyTokens('a', 'b'), end, assistant]);
  const withSystem = await runJson(model, '-p', 'ab', '--system', 'c', '-n', '1');
  expect(withSystem.promptIds.slice(-promptIds.length)).toEqual(promptIds);
});

test('a raw prompt is fed as it is', async () => {
  expect(await runJson(model, '-p', 'ab', '--raw', '-n', '1')).toMatchObject({ promptIds: tinyTokens('a', 'b') });
});

test('a seed draws the same tokens again', async () => {
  const draw = (seed: string) =>
    runJson(silent, '--ids', '5', '-t', '2', '--top-k', '40', '--seed', seed, '-n', '20', '--ignore-eos');
  const [first, again, other] = [await draw('1'), await draw('1'), await draw('2')];
  expect(again.ids).toEqual(first.ids);
  expect(other.ids).not.toEqual(first.ids);
});

test('log-probabilities of each token and of the likeliest', async () => {
  const args = ['-p', 'ab', '--raw', '-n', '3', '--ignore-eos', '--logprobs', '2'];
  const { ids, logprobs = [] } = await runJson(model, ...args);
  expect(logprobs.map(({ id }) => id)).toEqual(ids);
  for (const { top, ...chosen } of logprobs) {
    expect(top).toHaveLength(2);
    expect(top[0]).toEqual(chosen);
    expect(tinyTokens(chosen.text)).toEqual([chosen.id]);
  }
  const silentRun = await runJson(silent, '--ids', '5', '-n', '1', '--ignore-eos', '--logprobs', '1');
  expect(silentRun.logprobs?.[0]?.text).toBe('');
  expect((await runJson(silent, '--ids', '5', '-n', '1')).logprobs).toBeUndefined();
});

test('log-probabilities are refused without --json', async () => {
  const { stderr, exitCode } = await runHere('run', silent, '--ids', '5', '--logprobs', '2');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--logprobs is part of the JSON: add --json');
});

test('penalties keep tokens from coming again', async () => {
  const idsWith = async (...args: string[]) =>
    (await runJson(silent, '--ids', '5,6,7', '-n', '12', '--ignore-eos', ...args)).ids;
  const plain = await idsWith();
  expect(new Set(plain).size).toBeLessThan(12);
  expect(new Set(await idsWith('--presence-penalty', '1000')).size).toBe(12);
  expect(new Set(await idsWith('--frequency-penalty', '1000')).size).toBe(12);
  expect(await idsWith('--frequency-penalty', '-2')).not.toEqual(await idsWith('--frequency-penalty', '1000'));
  expect(await idsWith('--repetition-penalty', '1.5')).not.toEqual(plain);
});

test('what is not given is as generation_config.json has it', async () => {
  const stated = await writeTinyModel(join(folder, 'stated'));
  await writeFile(join(stated, 'generation_config.json'), JSON.stringify({ repetition_penalty: 1.5 }));
  const idsOf = async (path: string, ...args: string[]) =>
    (await runJson(path, '--ids', '5,6,7', '-n', '12', '--ignore-eos', ...args)).ids;
  expect(await idsOf(stated)).toEqual(await idsOf(silent, '--repetition-penalty', '1.5'));
  expect(await idsOf(stated, '--repetition-penalty', '1')).toEqual(await idsOf(silent));
});

test('prints text as it comes from a prompt on stdin, and counts on stderr', async () => {
  const args = ['run', model, '-p', '-', '--raw', '-n', '5', '--ignore-eos', '--threads', '1'];
  const { stdout, stderr, exitCode } = await runCli(args, { stdin: 'ab\n' });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^.*\n$/);
  expect(stderr).toMatch(/^2 prompt tokens, 5 new, first after \d+ ms \([\d.]+ tokens\/s\), then [\d.]+ tokens\/s\n$/);
});

test('Ctrl-C keeps the text', async () => {
  const child = startCli(['run', model, '-p', 'ab', '--raw', '-n', '60000', '--ignore-eos', '--threads', '1']);
  child.stdout.once('data', () => child.kill('SIGINT'));
  const { stdout, stderr, exitCode } = await ended(child);
  expect(exitCode).toBe(130);
  expect(stdout).toMatch(/.\n$/);
  expect(stderr).toMatch(/^2 prompt tokens, \d+ new/);
});

test('ends quietly when nobody reads any more', async () => {
  const child = startCli(['run', model, '-p', 'ab', '--raw', '-n', '60000', '--ignore-eos', '--threads', '1']);
  const { exitCode, stderr } = await new Promise<{ exitCode: number | null; stderr: string }>((resolve) => {
    let errors = '';
    child.stderr.on('data', (text) => {
      errors += text;
    });
    child.stdout.once('data', () => child.stdout.destroy());
    child.on('exit', (code) => resolve({ exitCode: code, stderr: errors }));
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
});
