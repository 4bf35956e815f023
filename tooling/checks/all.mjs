// Builds, checks and tests everything, and ends with the line `N passed, N failed`. Each step counts as a test.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { formatSummary, nothing, sum } from '../bootstrap/summary.mjs';
import { countVitest } from '../bootstrap/vitest-report.mjs';

const steps = [
  'build',
  'check:lint',
  'check:layers',
  'check:types',
  'check:unused',
  'check:file-lists',
  'check:model-types',
  'check:published',
  'check:browser-safe',
];
const report = '.cache/vitest.json';

const count = { ...nothing };

for (const step of steps) {
  console.log(`\n── ${step}`);
  const started = performance.now();
  const { code, output } = await run('pnpm', ['run', step], 'pipe');
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (code === 0) {
    count.passed++;
    console.log(`passed in ${seconds} s`);
  } else {
    count.failed++;
    console.log(`${output}\nfailed with exit code ${code} after ${seconds} s; alone: pnpm run ${step}`);
  }
}

console.log('\n── tests');
rmSync(report, { force: true });
const { code } = await run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]);
const total = sum(count, countVitest(report, code));

console.log(`\n${formatSummary(total)}`);
process.exitCode = total.failed ? 1 : 0;

function run(command, args, stdio = 'inherit') {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', stdio, stdio], shell: process.platform === 'win32' });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
