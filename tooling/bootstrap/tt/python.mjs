import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Unsupported } from './unsupported.mjs';

/** The versions that ttnn has wheels for, the preferred one first. */
const versions = ['3.12', '3.10'];

/** The first Python of a fitting version, as `{ version: '3.12.1', executable }`. */
export async function findPython({ env = process.env, home = homedir() } = {}) {
  // All at once: those on the PATH may be pyenv's shims, which take their time.
  const answers = await Promise.all(candidates(env, home).map((command) => ask(command, env)));
  const python = answers.find(({ version }) => versions.some((fitting) => version?.startsWith(`${fitting}.`)));
  if (python) return python;
  const found = answers.map(({ command, version }) => `  ${command}: ${version ?? 'not there, or does not run'}`);
  throw new Unsupported(
    `ttnn needs Python ${versions.join(' or ')}; looked at\n${found.join('\n')}\n` +
      `install one (with its venv module), or name one: TTTV2_PYTHON=/path/to/python${versions[0]}`,
  );
}

/** Whoever names a Python means that one. */
function candidates(env, home) {
  if (env.TTTV2_PYTHON) return [env.TTTV2_PYTHON];
  return [...versions.map((version) => `python${version}`), 'python3', 'python', ...ofPyenv(home)];
}

function ofPyenv(home) {
  const folder = join(home, '.pyenv/versions');
  const installed = existsSync(folder) ? readdirSync(folder) : [];
  return versions
    .flatMap((version) => installed.filter((name) => name.startsWith(`${version}.`)))
    .map((name) => join(folder, name, 'bin/python'));
}

// The real path leads from a shim or out of a virtual environment to the Python itself.
const question = 'import os, platform, sys; print(platform.python_version(), os.path.realpath(sys.executable))';

function ask(command, env) {
  return new Promise((resolve) => {
    execFile(command, ['-I', '-c', question], { env }, (error, stdout) => {
      const [, version, executable] = /^(\S+) (.+)/.exec(stdout) ?? [];
      resolve(error ? { command } : { command, version, executable });
    });
  });
}
