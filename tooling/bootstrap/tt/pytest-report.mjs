import { existsSync, readFileSync } from 'node:fs';
import { failedAtLeast, nothing, sum } from '../summary.mjs';

/** pytest's way of saying that there was no test to run. */
const noTests = 5;

/** What the JUnit report of a pytest run, which ended with `code`, comes to. */
export function countPytest(report, code) {
  return failedAtLeast(code === noTests ? 0 : code, existsSync(report) ? read(report) : nothing);
}

function read(report) {
  const suites = readFileSync(report, 'utf8').matchAll(/<testsuite [^>]*>/g);
  return sum(nothing, ...Array.from(suites, ([suite]) => countSuite(suite)));
}

function countSuite(suite) {
  const number = (name) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  return { passed: number('tests') - failed - number('skipped'), failed, skipped: number('skipped') };
}
