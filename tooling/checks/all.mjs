// Builds, checks and tests everything, and ends with the line `N passed, N failed`. Each step counts as a test.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';

const steps = [
  'build',
  'check:lint',
  'check:layers',
  'check:types',
  'check:unused',
  'check:file-lists',
  'check:published',
  'check:browser-safe',
];
const report = '.cache/vitest.json';

const count = { passed: 0, failed: 0, skipped: 0 };

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
// Without a report vitest did not get as far as running tests, and its exit code counts below.
const none = { testResults: [], numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
const tests = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : none;
// A file that could not be loaded has no tests to fail; it counts as one.
const brokenFiles = tests.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
const failed = tests.numFailedTests + brokenFiles.length;
count.passed += tests.numPassedTests;
count.failed += failed || (code === 0 ? 0 : 1);
count.skipped += tests.numPendingTests + tests.numTodoTests;

const skipped = count.skipped ? `, ${count.skipped} skipped` : '';
console.log(`\n${count.passed} passed, ${count.failed} failed${skipped}`);
process.exitCode = count.failed ? 1 : 0;

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
