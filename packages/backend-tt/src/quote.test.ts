import { expect, test } from 'vitest';
import { docText, quote, quoteWith } from './quote.ts';

test.each([
  ['layers.0.weight', "'layers.0.weight'"],
  ["it's", "'it\\'s'"],
  ['a\\b', "'a\\\\b'"],
  ['two\nlines', "'two\\u000alines'"],
  ['{at}', "'{at}'"],
])('%j is the Python string %s', (text, python) => {
  expect(quote(text)).toBe(python);
});

test('braces within a string with an expression stay braces', () => {
  expect(quoteWith('at', ['', '.{x}.weight'])).toBe("f'{at}.{{x}}.weight'");
  expect(quoteWith('i', ["it's.", '.w'])).toBe("f'it\\'s.{i}.w'");
});

test('a text cannot leave its docstring', () => {
  expect(docText('a """ b \\')).toBe('a \\"\\"\\" b \\\\');
});
