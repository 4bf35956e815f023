import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The pnpm that the project names; npx brings it, so that a machine needs Node and npm only. */
const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

const settings = {
  // Our .npmrc silences npm for the sake of a clean stdout; what goes wrong while installing must still be said.
  npm_config_loglevel: 'error',
  // pnpm must not stop to ask a question.
  CI: process.env.CI ?? 'true',
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
};

/** Runs pnpm in the project and resolves to its exit code. */
export function pnpm(args, { stdio = 'inherit', env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn('npx', ['--yes', packageManager, ...args], {
      cwd: root,
      env: { ...env, ...settings },
      stdio,
      shell: process.platform === 'win32',
    });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
