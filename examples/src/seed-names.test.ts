import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const page = new URL('../../contributing/seed-names.md', import.meta.url);
const rows = readFileSync(page, 'utf8')
  .split('\n')
  .filter((line) => /^\| (?!in the seed)/.test(line))
  .map((line) => line.split(' | '));

test('the page of the seed’s names has its tables', () => {
  expect(rows.length).toBeGreaterThan(25);
});

test.each(rows)('%s names a test that is there', (_seed, _here, tested = '') => {
  const [, title = '', file = ''] = /^\[(.+)\]\((\S+\.test\.ts)\) \|$/.exec(tested) ?? [];
  const text = readFileSync(new URL(file, page), 'utf8');
  expect(text).toMatch(new RegExp(`(test|\\))\\('${escaped(title)}'`));
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
