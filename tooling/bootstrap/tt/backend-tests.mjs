// The tests that run packages against the Python host: vitest.
import { readFileSync, rmSync } from 'node:fs';
import { pnpm } from '../pnpm.mjs';
import { countVitest } from '../vitest-report.mjs';
import { cache } from './setup.mjs';

const report = `${cache}vitest.json`;

export async function runBackendTests(env) {
  console.log('\n── tests against the host');
  rmSync(report, { force: true });
  // The verbose reporter tells why a test was skipped.
  const options = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${report}`];
  return countVitest(report, await vitest('run', options, env));
}

/** Counts them without running any. */
export async function countBackendTests() {
  const list = `${cache}vitest-list.json`;
  rmSync(list, { force: true });
  await vitest('list', [`--json=${list}`]);
  return JSON.parse(readFileSync(list, 'utf8')).length;
}

const vitest = (command, options, env) =>
  pnpm(['exec', 'vitest', command, '--config', 'tooling/vitest/ttnn.config.ts', ...options], { env });
