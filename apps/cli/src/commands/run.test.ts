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
const jsonSchema = z.strictObject({
  promptIds: z.array(z.int()),
  ids: z.array(z.int()),
  text: z.string(),
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
