import { defineProject } from 'vitest/config';

// Tests read the sources of every package, so they need no build.
const conditions = ['@tttv2/source'];

export default defineProject({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  // A busy machine is no failure.
  test: { include: ['src/**/*.test.ts'], testTimeout: 30_000 },
});
