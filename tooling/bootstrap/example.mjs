// `npm run example -- NAME`: one of the programs in examples/, from a bare clone; it runs from the sources, without a build.
import { pnpm } from './pnpm.mjs';
import { install } from './prepare.mjs';

const code = await install();
if (code !== 0) process.exit(code);
// Inside pnpm: there Node 24, which reads TypeScript, is on the PATH.
const run = ['exec', 'node', '--conditions=@tttv2/source', 'examples/src/main.ts'];
process.exit(await pnpm([...run, ...process.argv.slice(2)]));
