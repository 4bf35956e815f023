import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { countPytest } from './pytest-report.mjs';

let report;
beforeEach(() => {
  report = join(mkdtempSync(join(tmpdir(), 'tttv2-pytest-')), 'report.xml');
});
afterEach(() => rmSync(join(report, '..'), { recursive: true }));

test('counts what pytest wrote', () => {
  writeFileSync(
    report,
    '<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="2" ' +
      'skipped="3" tests="10" time="0.1" timestamp="2026-11-24T18:00:00" hostname="here"><testcase classname="test_x" name="test_a" /></testsuite></testsuites>',
  );
  expect(countPytest(report, 1)).toEqual({ passed: 4, failed: 3, skipped: 3 });
});

test('counts one failure when pytest did not get as far as a report', () => {
  expect(countPytest(report, 4)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test('takes no tests for no failure', () => {
  expect(countPytest(report, 5)).toEqual({ passed: 0, failed: 0, skipped: 0 });
});
