import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { commands } from './commands.ts';
import { runCli } from './testing/run-cli.ts';
import { runHere } from './testing/run-here.ts';

test('prints its help, with every command, in 80 columns', async () => {
  const { exitCode, stdout, stderr } = await runCli(['--help']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  for (const name of Object.keys(commands)) expect(stdout).toContain(`  ${name} `);
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect((await runHere()).stdout).toBe(stdout);
});

test('prints its version', async () => {
  expect(await runHere('--version')).toMatchObject({ exitCode: 0, stdout: `${packageJson.version}\n` });
});

test.each(Object.keys(commands))('%s has help with an example and --json', async (name) => {
  const { exitCode, stdout } = await runHere(name, '--help');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/Examples?\n {2}tttv2 /);
  expect(stdout).toContain('--json');
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});

test('names the nearest command', async () => {
  const { exitCode, stderr } = await runHere('inspekt');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('unknown command "inspekt"; did you mean inspect?');
  expect(stderr).toContain('See: tttv2 --help');
});
