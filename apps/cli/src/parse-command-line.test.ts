import { describe, expect, test } from 'vitest';
import { argument, choice, flag, number, orElse, required, text, toggle, wholeNumber } from './input.ts';
import { parseCommandLine } from './parse-command-line.ts';

const model = argument('MODEL', '');
const prompt = text({ name: 'prompt', short: 'p', placeholder: 'TEXT', about: '' });
const count = orElse(64, wholeNumber({ name: 'count', short: 'n', placeholder: 'N', min: 1, about: '' }));
const share = number({ name: 'share', placeholder: 'P', min: 0, max: 1, about: '' });
const dtype = choice({ name: 'dtype', placeholder: 'TYPE', about: '' }, ['float32', 'float16']);
const raw = flag({ name: 'raw', about: '' });
const flash = toggle({ name: 'flash-attention', about: '' });
const inputs = [model, prompt, count, share, dtype, raw, flash];

function parse(...args: string[]) {
  const read = parseCommandLine(inputs, args);
  return [model, prompt, count, share, dtype, raw, flash].map((input) => read<unknown>(input));
}

test('reads what is given, and what is not', () => {
  expect(parse('m')).toEqual(['m', undefined, 64, undefined, undefined, false, undefined]);
  expect(
    parse('-p', 'a b', 'm', '-n', '3', '--share=0.5', '--dtype', 'float16', '--raw', '--no-flash-attention'),
  ).toEqual(['m', 'a b', 3, 0.5, 'float16', true, false]);
});

test('a value may begin with a dash when it cannot be an option', () => {
  expect(parse('m', '-p', '-')[1]).toBe('-');
  expect(parse('m', '--prompt=--raw')[1]).toBe('--raw');
  expect(parse('--raw', '--', '--strange-name')[0]).toBe('--strange-name');
});

test('the last of two wins', () => {
  expect(parse('m', '-n', '1', '--count', '2')[2]).toBe(2);
});

describe('names what is wrong', () => {
  test.each([
    [[], 'MODEL is missing'],
    [['m', 'n'], '"n" is one argument too many'],
    [['m', '--promt', 'x'], 'unknown option --promt; did you mean --prompt?'],
    [['m', '-x'], 'unknown option -x'],
    [['m', '--no-raw'], 'unknown option --no-raw'],
    [['m', '--raw=yes'], '--raw takes no value, found "yes"'],
    [['m', '-p'], '-p needs a value: -p TEXT'],
    [['m', '-p', '--raw'], 'for a value that begins with a dash: --prompt=--raw'],
    [['m', '-n', '0'], '-n, --count: must be a whole number of at least 1, found "0"'],
    [['m', '-n', '1.5'], 'found "1.5"'],
    [['m', '-n', ''], 'found ""'],
    [['m', '-n', '-1'], 'found "-1"'],
    [['m', '--share', '2'], '--share: must be a number from 0 to 1, found "2"'],
    [['m', '--share', 'NaN'], 'found "NaN"'],
    [['m', '--dtype', 'flaot16'], 'must be one of float32, float16, found "flaot16"; did you mean float16?'],
  ])('%j', (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});

test('a required option is missed', () => {
  const out = required({ name: 'out', placeholder: 'FILE', about: '' });
  expect(() => parseCommandLine([out], [])).toThrow('--out is missing');
});
