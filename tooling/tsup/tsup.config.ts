import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

// What a package publishes is said once, in its package.json: every dist/x.js named there is built from src/x.ts.
// Tests are named nowhere, so they stay out by themselves.
const { exports, bin } = JSON.parse(readFileSync('package.json', 'utf8'));
const published = JSON.stringify([exports, bin]).matchAll(/"\.\/dist\/([^"]+)\.js"/g);

export default defineConfig({
  entry: Array.from(published, ([, name]) => `src/${name}.ts`),
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
