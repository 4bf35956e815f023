// `npm run demo`: fetches a small model and asks it a question, from a bare clone.
import { spawnSync } from 'node:child_process';
import { isPrepared, main, prepare } from './prepare.mjs';

const model = 'smollm2-135m-instruct';
const commands = [
  ['pull', model],
  ['run', model, '-p', 'What is a neural network?'],
];

if (!isPrepared()) await prepare();

for (const args of commands) {
  process.stderr.write(`\n$ tttv2 ${args.map((arg) => (arg.includes(' ') ? `"${arg}"` : arg)).join(' ')}\n`);
  const { status } = spawnSync(process.execPath, [main, ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
