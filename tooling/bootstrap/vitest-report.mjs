import { existsSync, readFileSync } from 'node:fs';
import { failedAtLeast, nothing } from './summary.mjs';

/** What the JSON report of a vitest run, which ended with `code`, comes to. */
export function countVitest(report, code) {
  // Without a report vitest did not get as far as running tests.
  return failedAtLeast(code, existsSync(report) ? read(report) : nothing);
}

function read(report) {
  const tests = JSON.parse(readFileSync(report, 'utf8'));
  // A file that could not be loaded has no tests to fail; it counts as one.
  const brokenFiles = tests.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  );
  return {
    passed: tests.numPassedTests,
    failed: tests.numFailedTests + brokenFiles.length,
    skipped: tests.numPendingTests + tests.numTodoTests,
  };
}
