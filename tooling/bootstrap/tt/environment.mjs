// A Python environment of its own, with what the host of packages/backend-tt and its tests need.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../pnpm.mjs';
import { withProgress } from './progress.mjs';

const requirements = {
  host: `${root}packages/backend-tt/requirements.txt`,
  // Names those of the host, too.
  test: `${root}packages/backend-tt/requirements-test.txt`,
};

/** An installation that went wrong. The message says what was run and what it said. */
export class InstallationFailed extends Error {}

/** The environment of this Python in the cache, installed if that is due, as `{ python, sitePackages }`. */
export async function provideEnvironment({ version, executable }, { cache, env = process.env }) {
  const folder = join(cache, `${prefix(version)}${hashOfRequirements()}`);
  const python = join(folder, 'bin/python');
  const sitePackages = join(folder, `lib/python${version.split('.', 2).join('.')}/site-packages`);
  // Written at the end, so that an interrupted installation is never taken for a good one.
  const stamp = join(folder, 'complete');

  if (!existsSync(stamp) || !existsSync(python)) {
    clear(cache, version);
    await run(executable, ['-m', 'venv', folder], env);
    await withProgress('installing ttnn and torch (about 6 GB, usually 2 minutes)', () =>
      run(python, ['-m', 'pip', 'install', '--quiet', '--no-input', '-r', requirements.test], env),
    );
    writeFileSync(stamp, '');
  }
  return { python, sitePackages };
}

const prefix = (version) => `python-${version}-`;

function hashOfRequirements() {
  const hash = createHash('sha1');
  for (const file of Object.values(requirements)) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 8);
}

/** Removes what an interrupted installation left, and the environment of earlier requirements. */
function clear(cache, version) {
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache)) {
    if (name.startsWith(prefix(version))) rmSync(join(cache, name), { recursive: true });
  }
}

function run(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));

    // It must not go on alone and write into what the next run makes.
    const stop = () => {
      child.kill();
      process.exit(1);
    };
    process.once('SIGTERM', stop);

    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('SIGTERM', stop);
      if (code === 0) return resolve();
      const outcome = signal ? `was ended by ${signal}` : `failed with exit code ${code}`;
      reject(
        new InstallationFailed(`${output}\n"${[command, ...args].join(' ')}" ${outcome}; what it said stands above`),
      );
    });
  });
}
