import { configDefaults, defineProject } from 'vitest/config';

// Tests read the sources of every package, so they need no build.
const conditions = ['@tttv2/source'];

export default defineProject({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['src/**/*.test.ts'],
    // Those need a Python with ttnn: npm run test:tt
    exclude: [...configDefaults.exclude, 'src/**/*.tt.test.ts'],
    // A busy machine is no failure.
    testTimeout: 30_000,
  },
});
