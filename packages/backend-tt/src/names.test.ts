import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Block } from './block-tree.ts';
import { baseName, indexed, Names } from './names.ts';
import { py, type Statement, type Value, valuesIn } from './python.ts';

function valueFor(hint: string): Value {
  return { kind: 'value', hint, shape: [1, 1, 'N', 8], order: 'plain', memory: 'dram' };
}

function statement(results: readonly Value[], reads: readonly Value[]): Statement {
  return { scope: 'layer', results, expr: reads.reduce((so, read) => py`${so}, ${read}`, py`f`) };
}

/** Names of a block's inputs, then of what each of its items makes. */
function namesIn(block: Omit<Block, 'scope'>, scope = 'layer'): string[] {
  const names = new Names({ scope, ...block });
  const made = block.items.flatMap((item, i) =>
    ('items' in item ? item.outputs : item.results).map((value) => names.assign(value, i)),
  );
  return [...block.inputs.map((value) => names.of(value)), ...made];
}

test('the only input is x, the result is x, parts are called after themselves', () => {
  const [x, q, deep, result] = [
    valueFor('embedding'),
    valueFor('layer/q'),
    valueFor('layer/ffn/down'),
    valueFor('layer'),
  ];
  const items = [statement([q], [x]), statement([deep], [x, q]), statement([result], [deep])];
  expect(namesIn({ items, inputs: [x], outputs: [result] })).toEqual(['x', 'q', 'ffn', 'x']);
});

test('several inputs are called after where they come from, wherever the block stands in its row', () => {
  const inputs = [valueFor('layers.3/preNorm'), valueFor('layers.3'), valueFor('')];
  const items = [statement([], inputs)];
  expect(namesIn({ items, inputs, outputs: [] }, 'layers.3/ffn')).toEqual(['pre_norm', 'layer', 'x']);
});

test('a name is used again after the last use of what it stood for, not before', () => {
  const [first, second, third] = [valueFor('layer/a'), valueFor('layer/a'), valueFor('layer/a')];
  const chained = [statement([first], []), statement([second], [first]), statement([third], [second])];
  expect(namesIn({ items: chained, inputs: [], outputs: [third] })).toEqual(['a', 'a', 'a']);
  const needed = [statement([first], []), statement([second], []), statement([third], [first, second])];
  expect(namesIn({ items: needed, inputs: [], outputs: [third] })).toEqual(['a', 'a2', 'a']);
  expect(namesIn({ items: needed, inputs: [], outputs: [first, second, third] })).toEqual(['a', 'a2', 'a3']);
});

test('no variable takes the name that a called function has, or may come to have', () => {
  const calls = ['layer/a', 'layer/b.1', 'layer/bOut', 'layer/x'].map(
    (scope): Block => ({ scope, items: [], inputs: [], outputs: [] }),
  );
  const hints = ['a', 'aDecode', 'a_2', 'aPrefill_3', 'a-', 'a-', 'a2', 'b', 'x', 'out'];
  const makes = hints.map((hint) => statement([valueFor(`layer/${hint}`)], []));
  expect(namesIn({ items: [...calls, ...makes], inputs: [], outputs: [] })).toEqual([
    ...['a_out', 'a_decode_out', 'a_2_out', 'a_prefill_3_out', 'a__out', 'a__out', 'a2', 'b_out2', 'x', 'out'],
  ]);
});

test.each([
  ['layers.3', 'layer'],
  ['layers.3/preMixerNorm', 'pre_mixer_norm'],
  ['a-b', 'a_b'],
  ['3d', '_3d'],
  ['lambdas.0', '_lambda'],
  ['nonlocal', '_nonlocal'],
  ['prefill', '_prefill'],
  ['userShards', '_user_shards'],
  ['geluTanh', '_gelu_tanh'],
  ['x', '_x'],
  ['s.0', '_'],
])('the function of %s is called %s', (scope, name) => expect(baseName(scope)).toBe(name));

test.each<[string, [string, number]]>([
  ['layers.12', ['layers', 12]],
  ['a/layers.0', ['a/layers', 0]],
  ['layers.0/mixer', ['layers.0/mixer', -2]],
  ['layers', ['layers', -2]],
])('%s is in the row %j', (scope, row) => expect(indexed(scope)).toEqual(row));

test('a value cannot be named before it is made', () => {
  const names = new Names({ scope: '', items: [], inputs: [], outputs: [] });
  expect(() => names.of(valueFor('q'))).toThrow('q is read before it is made');
});

const hints = ['', 'layer', 'layer/a', 'layer/a/b', 'layer/a2', 'layer/x', 'q', 'in', 'layers.0'];
const line = fc.record({
  results: fc.array(fc.constantFrom(...hints), { maxLength: 3 }),
  reads: fc.array(fc.nat(99), { maxLength: 3 }),
});

test('whoever reads a name finds the value that is meant', () => {
  const lines = fc.array(line, { minLength: 1, maxLength: 15 });
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...hints), { maxLength: 3 }),
      lines,
      fc.nat(99),
      (inputHints, facts, wanted) => {
        const inputs = inputHints.map(valueFor);
        const made = [...inputs];
        const any = (i: number) => made[i % Math.max(made.length, 1)];
        const items = facts.map(({ results, reads }) => {
          const read = reads.map(any).filter((value) => value !== undefined);
          const values = results.map(valueFor);
          made.push(...values);
          return statement(values, read);
        });
        const output = any(wanted);
        const read = new Set(items.flatMap(({ expr }) => valuesIn(expr)));
        const used = inputs.filter((value) => read.has(value));
        const outputs = output === undefined || inputs.includes(output) ? [] : [output];
        const names = new Names({ scope: 'layer', items, inputs: used, outputs });
        const variables = new Map(used.map((value) => [names.of(value), value]));
        expect(variables.size).toBe(used.length);
        for (const [i, { results, expr }] of items.entries()) {
          for (const value of valuesIn(expr)) expect(variables.get(names.of(value))).toBe(value);
          for (const value of results) variables.set(names.assign(value, i), value);
        }
        for (const value of outputs) expect(variables.get(names.of(value))).toBe(value);
      },
    ),
    { numRuns: 500 },
  );
});
