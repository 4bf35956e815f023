// The tests of the Python host: pytest.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { root } from '../pnpm.mjs';
import { nothing } from '../summary.mjs';
import { countPytest } from './pytest-report.mjs';
import { cache } from './setup.mjs';

const folder = `${root}packages/backend-tt/host/tests`;
const report = `${cache}pytest.xml`;

export async function runHostTests(env) {
  if (!existsSync(folder)) return nothing;
  console.log('\n── tests of the host');
  rmSync(report, { force: true });
  const options = ['-rs', `--junitxml=${report}`, '-o', `cache_dir=${cache}pytest`];
  return countPytest(report, await run(env.TTTV2_PYTHON, ['-m', 'pytest', folder, ...options], env));
}

/** Counts them without a Python. */
export function countHostTests() {
  if (!existsSync(folder)) return 0;
  const files = readdirSync(folder, { recursive: true }).filter((file) => /(^|\/)test_[^/]*\.py$/.test(file));
  return files.flatMap((file) => readFileSync(`${folder}/${file}`, 'utf8').match(/^\s*def test_/gm) ?? []).length;
}

function run(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
