// `.ci/run`: all that must hold for a change to be merged. Ends with the sum of what its runs end with.
import { spawn } from 'node:child_process';
import { formatSummary, outcome, sum } from './summary.mjs';

const total = sum(outcome(await npm(['test'])), outcome(await npm(['run', 'test:tt'])));
console.log(`\n${formatSummary(total)}`);
process.exitCode = total.failed ? 1 : 0;

/** Runs npm for all to see, and resolves to its exit code and what it said. */
function npm(args) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      process.stdout.write(chunk);
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
