import { expect, test } from 'vitest';
import { pythonFaults } from './python-faults.ts';

const sound = `"""Title: in, lambda"""
import ttnn

SIZE = (1, 2)


def part(w, at, x):
    # x [1, 1]
    x, y = ttnn.split(
        x, w[f'{at}.weight'], dim=-1,
        size=SIZE
    )
    return ttnn.add(x, y, lambda_=1e-5)


def whole(w, caches, step):
    step.cos = ttnn.cos(step.cos)
    x = step.tokens
    for i in range(3):
        x = part(w, f'layers.{i}', x)
    return {name: x for name, (a, b) in caches.items()}
`;

test('a sound module has no faults', () => expect(pythonFaults(sound)).toEqual([]));

test.each<[what: string, from: string, to: string, fault: string]>([
  ['a keyword as a variable', 'x, y =', 'x, in =', 'part: "in" is no name'],
  ['a keyword as a parameter', 'at, x):', 'at, pass):', 'part: "pass" is no name'],
  ['a number as a function', 'def part', 'def 3d', '3d: "3d" is no name'],
  ['an empty name', 'at, x):', 'at, ):', 'part: "" is no name'],
  ['a parameter twice', 'at, x):', 'at, at):', 'part: at is a parameter twice'],
  ['a variable before it is there', 'x = step.tokens', 'x = y', 'whole: y is read before it is assigned'],
  ['a variable in an f-string', '{at}', '{place}', 'part: place is read before it is assigned'],
  ['a variable over a function', 'x = step.tokens', 'part = step.tokens', 'whole: the variable part hides'],
  ['a variable over a builtin', 'x = step.tokens', 'range = step.tokens', 'whole: the variable range hides'],
  ['a variable over a global', 'x, y =', 'x, SIZE =', 'part: SIZE is read before it is assigned'],
  ['too few arguments', "part(w, f'layers.{i}', x)", 'part(w, x)', 'whole: part is called with 2 of 3'],
  ['a function twice', 'def whole', 'def part', 'part is defined twice'],
])('finds %s', (_, from, to, fault) => {
  expect(pythonFaults(sound.replace(from, to)).join('\n')).toContain(fault);
});
