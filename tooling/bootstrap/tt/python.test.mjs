import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findPython } from './python.mjs';
import { Unsupported } from './unsupported.mjs';

let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tttv2-python-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A Python that knows nothing but its version and where it lies. */
function fake(path, version) {
  const executable = join(folder, path);
  mkdirSync(dirname(executable), { recursive: true });
  writeFileSync(executable, `#!/bin/sh\necho "${version} ${executable}"\n`);
  chmodSync(executable, 0o755);
  return { version, executable };
}

const find = (env = {}) => findPython({ env: { PATH: join(folder, 'bin'), ...env }, home: join(folder, 'home') });

describe.skipIf(process.platform === 'win32')('finds', () => {
  test('3.12 before 3.10', async () => {
    fake('bin/python3.10', '3.10.13');
    const newer = fake('bin/python3.12', '3.12.1');
    expect(await find()).toMatchObject(newer);
  });

  test('a plain python3, by asking its version', async () => {
    fake('bin/python', '3.10.13');
    const python3 = fake('bin/python3', '3.12.4');
    expect(await find()).toMatchObject(python3);
  });

  test('one of pyenv, where none on the PATH fits', async () => {
    fake('bin/python3', '3.11.7');
    fake('home/.pyenv/versions/3.10.13/bin/python', '3.10.13');
    const newer = fake('home/.pyenv/versions/3.12.1/bin/python', '3.12.1');
    expect(await find()).toMatchObject(newer);
  });

  test('the one that TTTV2_PYTHON names', async () => {
    fake('bin/python3.12', '3.12.1');
    const named = fake('elsewhere/python', '3.10.2');
    expect(await find({ TTTV2_PYTHON: named.executable })).toMatchObject(named);
  });
});

describe.skipIf(process.platform === 'win32')('finds none', () => {
  test('and says what was there and what to do', async () => {
    fake('bin/python3', '3.11.7');
    const error = await find().catch((error) => error);
    expect(error).toBeInstanceOf(Unsupported);
    expect(error.message).toBe(
      `ttnn needs Python 3.12 or 3.10; looked at
  python3.12: not there, or does not run
  python3.10: not there, or does not run
  python3: 3.11.7
  python: not there, or does not run
install one (with its venv module), or name one: TTTV2_PYTHON=/path/to/python3.12`,
    );
  });

  test('when the one that TTTV2_PYTHON names does not fit', async () => {
    fake('bin/python3.12', '3.12.1');
    const { executable } = fake('elsewhere/python', '3.13.0');
    await expect(find({ TTTV2_PYTHON: executable })).rejects.toThrow(`looked at\n  ${executable}: 3.13.0\n`);
  });
});
