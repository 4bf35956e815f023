import { expect, test } from 'vitest';
import type { DeviceParameter } from './device-parameter.ts';
import { ParameterTable } from './parameter-table.ts';

function parameter(name: string, data: number[]): DeviceParameter {
  return { name, shape: [data.length], dtype: 'bfloat16', layout: 'tile', content: { kind: 'numbers', data } };
}

test('who asks for the same weight gets it, whoever asked first', () => {
  const table = new ParameterTable();
  const first = table.add('turn', parameter('turn', [1]));
  expect(table.add('turn', parameter('other', [2]))).toBe(first);
  expect(table.all()).toEqual([parameter('turn', [1])]);
});

test('a name that is taken gets a number, and one that looks so is not given twice', () => {
  const table = new ParameterTable();
  const names = ['turn', 'turn_2', 'turn', 'turn', 'turn_2'].map(
    (name, i) => table.add(`${i}`, parameter(name, [i])).name,
  );
  expect(names).toEqual(['turn', 'turn_2', 'turn_3', 'turn_4', 'turn_2_2']);
  expect(table.all().map(({ name, content }) => [name, content])).toEqual(
    names.map((name, i) => [name, { kind: 'numbers', data: [i] }]),
  );
});
