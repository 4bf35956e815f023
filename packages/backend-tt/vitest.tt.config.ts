import shared from '@tttv2/tooling/vitest';
import { defineConfig } from 'vitest/config';

// The tests that need a Python with ttnn: `npm run test:tt` brings it and runs these.
export default defineConfig({
  ...shared,
  test: {
    include: ['src/**/*.tt.test.ts'],
    passWithNoTests: true,
    // A ttnn process takes gigabytes and seconds to start.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
