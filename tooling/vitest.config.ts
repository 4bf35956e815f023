import { defineProject } from 'vitest/config';

export default defineProject({
  test: { include: ['bootstrap/**/*.test.mjs'] },
});
