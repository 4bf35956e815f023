// `npm test`: everything that must hold, from a bare clone.

import { pnpm } from './pnpm.mjs';
import { install } from './prepare.mjs';

console.log('── install');
const code = await install();
if (code !== 0) {
  console.log(`installing failed with exit code ${code}; what pnpm said stands above\n0 passed, 1 failed`);
  process.exit(code);
}

// Inside pnpm: there Node 24, pnpm and the tools are on the PATH, whatever Node started us.
process.exit(await pnpm(['exec', 'node', 'tooling/checks/all.mjs']));
