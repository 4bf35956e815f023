import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { ended, runCli, startCli } from '../testing/run-cli.ts';
import { runHere } from '../testing/run-here.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { writeTinyModel } from '../testing/tiny-model.ts';

const folder = await temporaryFolder();
const model = await writeTinyModel(join(folder, 'model'), { withTokenizer: true });
const silent = await writeTinyModel(join(folder, 'silent'));

const conversation = z.array(z.strictObject({ role: z.string(), content: z.string() }));
const readSaved = async (path: string) => conversation.parse(JSON.parse(await readFile(path, 'utf8')));

/** Of a chat whose stdin is a pipe; the tiny model never ends by itself, so `-n` does. */
const chat = (lines: readonly string[], ...args: string[]) =>
  runCli(['chat', model, '-n', '5', '--threads', '1', ...args], { stdin: `${lines.join('\n')}\n` });

/** What `run` answers to one message. */
const answerTo = async (message: string, ...args: string[]) =>
  (await runHere('run', model, '-p', message, '-n', '5', '--threads', '1', ...args)).stdout;

test('each line of a pipe is a message, and what was said before belongs to it', async () => {
  const saved = join(folder, 'saved.json');
  const { stdout, stderr, exitCode } = await chat(['ab', '', 'cd', `/save ${saved}`], '--system', 'be');
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  const messages = await readSaved(saved);
  expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user', 'assistant']);
  expect([messages[0]?.content, messages[1]?.content, messages[3]?.content]).toEqual(['be', 'ab', 'cd']);
  const [first = '', second = ''] = messages.filter(({ role }) => role === 'assistant').map(({ content }) => content);
  expect(stdout).toBe(`${first}\n${second}\n`);
  expect(`${first}\n`).toBe(await answerTo('ab', '--system', 'be'));
  expect(`${second}\n`).not.toBe(await answerTo('cd', '--system', 'be'));
});

test('of a later turn only what is new is computed', async () => {
  const { stderr } = await chat(['ab', 'cd'], '--stats');
  const [, kept] = /^5 prompt tokens, 5 new.*\n\d+ prompt tokens \((\d+) kept\), 5 new/.exec(stderr) ?? [];
  // <|user|> a b </s> <|assistant|>, and what of the answer is the same when it is read again.
  expect(Number(kept)).toBeGreaterThanOrEqual(5);
});

test('--json prints what was said, and its numbers, at the end', async () => {
  const { stdout, stderr, exitCode } = await chat(['ab', 'cd'], '--json');
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  const { messages, turns } = JSON.parse(stdout);
  expect(conversation.parse(messages).map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
  expect(turns).toMatchObject([
    { finishReason: 'length', mode: 'device', promptTokens: 5, cachedTokens: 0, newTokens: 5 },
    { finishReason: 'length', mode: 'device', newTokens: 5, ttftMs: expect.any(Number) },
  ]);
  expect(turns[1].cachedTokens).toBeGreaterThanOrEqual(5);
});

test('/clear forgets what was said, and /exit ends', async () => {
  const { stdout, exitCode } = await chat(['ab', '/clear', 'ab', '/exit', 'cd']);
  expect(exitCode).toBe(0);
  const answer = await answerTo('ab');
  expect(stdout).toBe(answer + answer);
});

test('sampling is that of run', async () => {
  const drawn = ['-t', '2', '--seed', '7'];
  expect((await chat(['ab'], ...drawn)).stdout).toBe(await answerTo('ab', ...drawn));
  expect(await answerTo('ab', ...drawn)).not.toBe(await answerTo('ab'));
});

test('/help lists the commands, on stderr', async () => {
  const { stdout, stderr } = await chat(['/help']);
  expect(stdout).toBe('');
  for (const name of ['/clear', '/save', '/help', '/exit', 'Ctrl-C']) expect(stderr).toContain(`  ${name}`);
});

test.each([
  ['/clera', 'unknown command "/clera"; did you mean /clear?; there are /clear, /save, /help, /exit'],
  ['/save', '/save: name the file'],
  ['/save no/such/folder/file', '/save: the folder no/such/folder does not exist'],
])('%s ends a script with an error', async (line, message) => {
  const { stderr, exitCode } = await chat([line, 'ab']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
});

test('a model that cannot talk is refused', async () => {
  const { stderr, exitCode } = await runHere('chat', silent);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('has no tokenizer, so it cannot talk: try tttv2 run with --ids or --raw');
  const plain = await writeTinyModel(join(folder, 'plain'), { withTokenizer: true });
  await writeFile(join(plain, 'tokenizer_config.json'), JSON.stringify({ eos_token: '</s>' }));
  expect((await runHere('chat', plain)).stderr).toContain('has no chat template, so it cannot talk');
});

test('Ctrl-C stops the answer, and the next line is answered', async () => {
  const saved = join(folder, 'stopped.json');
  const child = startCli(['chat', model, '-n', '60000', '--threads', '1']);
  child.stdin.write('ab\n');
  child.stdout.once('data', () => child.kill('SIGINT'));
  child.stderr.once('data', () => child.stdin.end(`/save ${saved}\n`));
  const { stderr, exitCode } = await ended(child);
  expect({ stderr, exitCode }).toEqual({ stderr: '(stopped)\n', exitCode: 0 });
  const [question, answer] = await readSaved(saved);
  expect(question).toEqual({ role: 'user', content: 'ab' });
  expect(answer?.content).not.toBe('');
});

test('Ctrl-C without an answer to stop, and a polite kill within one, end the program', async () => {
  const idle = startCli(['chat', model, '-n', '3', '--threads', '1']);
  idle.stdin.write('ab\n');
  // The end of the line is that of the answer.
  idle.stdout.on('data', (text) => `${text}`.endsWith('\n') && setTimeout(() => idle.kill('SIGINT'), 100));
  expect((await ended(idle)).exitCode).toBe(130);

  const talking = startCli(['chat', model, '-n', '60000', '--threads', '1']);
  talking.stdin.write('ab\n');
  talking.stdout.once('data', () => talking.kill('SIGTERM'));
  expect((await ended(talking)).exitCode).toBe(143);
});
