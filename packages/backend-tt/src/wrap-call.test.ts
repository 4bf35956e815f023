import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wrapCall } from './wrap-call.ts';

const long = (name: string, count = 4) =>
  `${name}(${Array.from({ length: count }, (_, i) => `${String.fromCharCode(97 + i).repeat(28)}=${i}`).join(', ')})`;

test('a line that fits stays, with its comment behind', () => {
  expect(wrapCall('x = f(y)', '    ')).toBe('    x = f(y)');
  expect(wrapCall('x = f(y)', '    ', '[1, N]')).toBe('    x = f(y)  # [1, N]');
});

test('a comment that does not fit behind stands above', () => {
  const line = `x = f(${'y'.repeat(100)})`;
  expect(wrapCall(line, '    ', '[1, 1, N]')).toBe(`    # [1, 1, N]\n    ${line}`);
});

test('a long call has its arguments on lines of their own, as many on each as fit', () => {
  expect(wrapCall(`x = ${long('f', 6)}`, '  ', '[N]').split('\n')).toEqual([
    '  x = f(',
    `      ${'a'.repeat(28)}=0, ${'b'.repeat(28)}=1, ${'c'.repeat(28)}=2,`,
    `      ${'d'.repeat(28)}=3, ${'e'.repeat(28)}=4, ${'f'.repeat(28)}=5`,
    '  )  # [N]',
  ]);
});

test('an argument that is still too long is broken the same way', () => {
  const broken = wrapCall(`x = f(${long('g')}, (1, 2), ${long('h')})`, '    ');
  expect(broken.split('\n')).toEqual([
    '    x = f(',
    '        g(',
    `            ${'a'.repeat(28)}=0, ${'b'.repeat(28)}=1, ${'c'.repeat(28)}=2,`,
    `            ${'d'.repeat(28)}=3`,
    '        ),',
    '        (1, 2),',
    '        h(',
    `            ${'a'.repeat(28)}=0, ${'b'.repeat(28)}=1, ${'c'.repeat(28)}=2,`,
    `            ${'d'.repeat(28)}=3`,
    '        )',
    '    )',
  ]);
});

test('what is no single call stays, however long', () => {
  for (const line of [
    `x = ${'y'.repeat(130)}`,
    `x = f(${'y'.repeat(130)})[0]`,
    `x = f(${'y'.repeat(70)}) + g(${'z'.repeat(70)})`,
  ])
    expect(wrapCall(line, '    ')).toBe(`    ${line}`);
});

test('nothing but white space changes, and lines are no longer than 120, a comma aside', () => {
  const { call } = fc.letrec<{ call: string; argument: string }>((tie) => ({
    call: fc
      .tuple(
        fc.constantFrom('f', 'ttnn.add', 'ttnn.transformer.attention'),
        fc.array(tie('argument'), { maxLength: 6 }),
      )
      .map(([name, args]) => `${name}(${args.join(', ')})`),
    argument: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('x', "w['a.b']", '(0, 0, 0, 1)', '[x, y]', 'program_config=SDPA_DECODE', 'a_long_name=12345678'),
      tie('call'),
    ),
  }));
  fc.assert(
    fc.property(call, fc.constantFrom('', '    '), (line, indent) => {
      const text = wrapCall(`x = ${line}`, indent);
      expect(text.replace(/\s+/g, '')).toBe(`x=${line}`.replace(/\s+/g, ''));
      for (const one of text.split('\n')) expect(one.replace(/,$/, '').length).toBeLessThanOrEqual(120);
      for (const one of text.split('\n')) expect(one.startsWith(indent)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
