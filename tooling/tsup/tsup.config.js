import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

// What a package publishes is said once, in its package.json: every dist/x.js named there is built from src/x.ts.
// Tests are named nowhere, so they stay out by themselves.
const { exports, bin } = JSON.parse(readFileSync('package.json', 'utf8'));
const published = [...Object.values(exports ?? {}).flatMap((entry) => [entry.default, entry.node]), ...Object.values(bin ?? {})];
const entry = published
  .filter((file) => file?.endsWith('.js'))
  .map((file) => file.replace('./dist/', 'src/').replace('.js', '.ts'));

export default defineConfig({
  entry,
  format: 'esm',
  target: 'node20',
  // Neutral: nothing of Node is shimmed into a package that must also run in a browser.
  platform: 'neutral',
  sourcemap: true,
  splitting: true,
  clean: true,
  // Declarations come from tsc: tsup's own do not work with TypeScript 7.
  dts: false,
  silent: true,
});
