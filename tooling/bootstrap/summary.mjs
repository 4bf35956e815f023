// The line that every run of tests ends with: `N passed, N failed[, N skipped]`.

export const nothing = { passed: 0, failed: 0, skipped: 0 };

export const sum = (...counts) =>
  counts.reduce((total, { passed, failed, skipped }) => ({
    passed: total.passed + passed,
    failed: total.failed + failed,
    skipped: total.skipped + skipped,
  }));

export function formatSummary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`;
}

/** The counts in the last line of what a run printed; undefined when that is no summary. */
export function parseSummary(output) {
  const match = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(output.trimEnd().split(/\r?\n/).at(-1));
  if (!match) return undefined;
  const [passed, failed, skipped] = match.slice(1).map((digits) => Number(digits ?? 0));
  return { passed, failed, skipped };
}

/** What a run comes to that printed `output`. To end without a summary is a failure. */
export const outcome = ({ code, output }) => failedAtLeast(code, parseSummary(output) ?? { ...nothing, failed: 1 });

/** An exit code that tells of a failure counts as one, when none was counted. */
export const failedAtLeast = (code, count) => (code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count);
