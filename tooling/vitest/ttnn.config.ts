import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import shared from './vitest.config.ts';

// The tests that need a Python with ttnn: `npm run test:tt` brings it and runs these.
export default defineConfig({
  ...shared,
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['packages/*/src/**/*.tt.test.ts'],
    // A ttnn process takes gigabytes and seconds to start.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
