import { expect, test } from 'vitest';
import { formatSummary, outcome, parseSummary, sum } from './summary.mjs';

test.each(['5 passed, 0 failed', '5 passed, 1 failed, 12 skipped'])('reads what it writes: %s', (line) => {
  expect(formatSummary(parseSummary(line))).toBe(line);
});

test('reads the last line only', () => {
  expect(parseSummary('1 passed, 0 failed\nmore\n7 passed, 0 failed\n\n')).toEqual({
    passed: 7,
    failed: 0,
    skipped: 0,
  });
  expect(parseSummary('7 passed, 0 failed\nkilled')).toBeUndefined();
  expect(parseSummary(' Tests  7 passed, 0 failed')).toBeUndefined();
  expect(parseSummary('')).toBeUndefined();
});

test('sums', () => {
  const one = { passed: 1, failed: 2, skipped: 3 };
  expect(sum(one, one, { passed: 0, failed: 0, skipped: 0 })).toEqual({ passed: 2, failed: 4, skipped: 6 });
});

test.each([
  ['a good run', { code: 0, output: '7 passed, 0 failed' }, '7 passed, 0 failed'],
  ['a failed run', { code: 1, output: '7 passed, 2 failed' }, '7 passed, 2 failed'],
  ['a run that names no failure', { code: 1, output: '7 passed, 0 failed' }, '7 passed, 1 failed'],
  ['a run that ended before its summary', { code: 0, output: 'tests' }, '0 passed, 1 failed'],
])('%s', (_, run, expected) => {
  expect(formatSummary(outcome(run))).toBe(expected);
});
