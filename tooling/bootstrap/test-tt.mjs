// `npm run test:tt`: the tests that need a Python with ttnn, which it brings. Where there can be none they count as skipped.
import { mkdirSync } from 'node:fs';
import { install } from './prepare.mjs';
import { formatSummary, nothing, sum } from './summary.mjs';
import { countBackendTests, runBackendTests } from './tt/backend-tests.mjs';
import { InstallationFailed } from './tt/environment.mjs';
import { countHostTests, runHostTests } from './tt/host-tests.mjs';
import { cache, setUp } from './tt/setup.mjs';
import { Unsupported } from './tt/unsupported.mjs';

const oneFailure = { ...nothing, failed: 1 };

mkdirSync(cache, { recursive: true });
const count = await testAll();
console.log(`\n${formatSummary(count)}`);
process.exitCode = count.failed ? 1 : 0;

async function testAll() {
  console.log('── install');
  const code = await install();
  if (code !== 0) {
    console.log(`installing failed with exit code ${code}; what pnpm said stands above`);
    return oneFailure;
  }
  try {
    const env = withTtnn(await setUp());
    return sum(await runHostTests(env), await runBackendTests(env));
  } catch (error) {
    if (error instanceof Unsupported) return skipAll(error.message);
    if (!(error instanceof InstallationFailed)) throw error;
    console.log(error.message);
    return oneFailure;
  }
}

function withTtnn(python) {
  return {
    ...process.env,
    TTTV2_PYTHON: python,
    // The stand-in compiler's kernels are empty: a board must never find them in the cache of the user.
    TT_METAL_CACHE: `${cache}kernels`,
    // Nothing is written among the sources, which are watched for changes.
    TT_METAL_LOGS_PATH: cache,
    PYTHONPYCACHEPREFIX: `${cache}pycache`,
  };
}

async function skipAll(reason) {
  console.log(`\nthe tests with ttnn are skipped: ${reason}`);
  return { ...nothing, skipped: countHostTests() + (await countBackendTests()) };
}
