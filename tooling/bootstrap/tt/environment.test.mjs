import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InstallationFailed, provideEnvironment } from './environment.mjs';

let folder;
let cache;
let base;
beforeEach(() => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  folder = mkdtempSync(join(tmpdir(), 'tttv2-environment-'));
  cache = join(folder, 'cache');
  base = { version: '3.12.1', executable: fakePython() };
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** A Python whose `-m venv` copies itself, and whose pip writes down that it was there, then does what $PIP says. */
function fakePython() {
  const executable = join(folder, 'python');
  writeFileSync(
    executable,
    `#!/bin/sh
if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; exit; fi
echo "$@" >> "$(dirname "$0")/../pip-runs"
eval "$PIP"
`,
  );
  chmodSync(executable, 0o755);
  return executable;
}

const provide = (pip = '') => provideEnvironment(base, { cache, env: { ...process.env, PIP: pip } });
const pipRuns = ({ python }) => readFileSync(join(python, '../../pip-runs'), 'utf8').trim().split('\n');

describe.skipIf(process.platform === 'win32')('the environment', () => {
  test('is installed once', async () => {
    const first = await provide();
    expect(await provide('exit 1')).toEqual(first);
    expect(pipRuns(first)).toEqual([expect.stringMatching(/^-m pip install .*requirements-test.txt$/)]);
    expect(first.sitePackages).toMatch(/lib\/python3\.12\/site-packages$/);
  });

  test('is installed anew after a failure, which says what pip said', async () => {
    const error = await provide('echo no space left >&2; exit 28').catch((error) => error);
    expect(error).toBeInstanceOf(InstallationFailed);
    expect(error.message).toMatch(/^no space left\n\n".* -m pip install .*" failed with exit code 28;/);
    expect(pipRuns(await provide())).toHaveLength(1);
  });

  test('is installed anew after an interruption', async () => {
    const { python } = await provide();
    rmSync(join(python, '../../complete'));
    writeFileSync(join(python, '../../half'), '');
    await provide();
    expect(existsSync(join(python, '../../half'))).toBe(false);
    expect(existsSync(python)).toBe(true);
  });

  test('replaces that of earlier requirements, not that of another Python', async () => {
    for (const name of ['python-3.12.1-0000', 'python-3.10.13-0000']) mkdirSync(join(cache, name), { recursive: true });
    await provide();
    expect(readdirSync(cache)).toEqual(['python-3.10.13-0000', expect.stringMatching(/^python-3\.12\.1-[0-9a-f]{8}$/)]);
  });
});
