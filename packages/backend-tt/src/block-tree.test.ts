import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Block, blockTree, isBlock } from './block-tree.ts';
import { py, type Statement, type Value, valuesIn } from './python.ts';

function valueIn(scope: string): Value {
  return { kind: 'value', hint: scope, shape: [1, 1, 'N', 8], order: 'plain', memory: 'dram' };
}

/** Statements in these scopes, each on the result of the one before. */
function chain(...scopes: string[]): { statements: Statement[]; result: Value } {
  let result = valueIn('');
  const statements = scopes.map((scope): Statement => {
    const expr = py`f(${result})`;
    result = valueIn(scope);
    return { scope, results: [result], expr };
  });
  return { statements, result };
}

/** Scopes of the blocks in a block, as deep as they lie in each other. */
function scopesIn({ items }: Block): unknown[] {
  return items.filter(isBlock).map((block) => {
    const inner = scopesIn(block);
    return inner.length === 0 ? block.scope : [block.scope, ...inner];
  });
}

/** Scopes that are tapped; what they give out is read by others anyway. */
function tappedAs(scopes: readonly string[]): Map<string, Value> {
  return new Map(scopes.map((scope) => [scope, valueIn(scope)]));
}

function blocksOf(scopes: string[], taps: string[] = []): unknown[] {
  const { statements, result } = chain(...scopes);
  return scopesIn(blockTree(statements, [result], tappedAs(taps)));
}

test.each<[what: string, scopes: string[], taps: string[], blocks: unknown[]]>([
  ['a layer, however short', ['layers.0', 'layers.1'], [], ['layers.0', 'layers.1']],
  ['three statements in a scope', ['head', 'head', 'head'], [], ['head']],
  ['not two', ['head', 'head'], [], []],
  ['two that are tapped', ['head', 'head'], ['head'], ['head']],
  ['a long part of a layer', Array(3).fill('layers.0/ffn'), [], [['layers.0', 'layers.0/ffn']]],
  ['not a long part of a part', Array(3).fill('layers.0/mixer/q'), [], [['layers.0', 'layers.0/mixer']]],
  ['unless tapped', ['a/b/c', 'a/b/d'], ['a/b/c'], ['a/b/c']],
  ['a scope by its whole name', ['head', 'heads', 'heads', 'heads'], [], ['heads']],
  ['what stands in a row deeper down by its length', ['a/experts.0', 'a/experts.1'], [], []],
])('a function is %s', (_, scopes, taps, blocks) => {
  expect(blocksOf(scopes, taps)).toEqual(blocks);
});

test('a scope whose statements give out two values, or none, is no function, unless its output is known', () => {
  const { statements, result } = chain('head', 'head', 'head');
  const [first] = statements.flatMap(({ results }) => results);
  if (first === undefined) throw new Error('a chain has results');
  expect(scopesIn(blockTree(statements, [first, result], tappedAs(['head'])))).toEqual([]);
  expect(scopesIn(blockTree(statements, [], tappedAs([])))).toEqual([]);
  expect(scopesIn(blockTree(statements, [], new Map([['head', result]])))).toEqual(['head']);
});

const scopes = ['', 'a', 'a/b', 'a/b/c', 'a/bc', 'layers.0', 'layers.0/a', 'layers.0/a/b', 'layers.1', 'layers.1/a'];

/** Statements in scopes, each entered once, with reads of anything that was made before. */
const program = fc
  .record({
    counts: fc.array(fc.nat(3), { minLength: scopes.length, maxLength: scopes.length }),
    reads: fc.array(fc.array(fc.nat(99), { maxLength: 3 }), { minLength: 40, maxLength: 40 }),
    results: fc.array(fc.nat(99), { maxLength: 2 }),
    taps: fc.subarray(scopes),
  })
  .map(({ counts, reads, results, taps }) => {
    const made = [valueIn('')];
    const any = (i: number) => made[i % made.length] ?? valueIn('');
    const statements = scopes
      .flatMap((scope, i) => Array.from({ length: counts[i] ?? 0 }, () => scope))
      .map((scope, i): Statement => {
        const expr = (reads[i] ?? []).reduce((so, read) => py`${so}, ${any(read)}`, py`f`);
        const result = valueIn(scope);
        made.push(result);
        return { scope, results: [result], expr };
      });
    const lastIn = (scope: string) => statements.findLast((statement) => statement.scope === scope)?.results ?? [];
    const tapped = new Map(taps.flatMap((scope) => lastIn(scope).map((value) => [scope, value] as const)));
    return { statements, results: results.map(any), tapped };
  });

function statementsIn({ items }: Block): Statement[] {
  return items.flatMap((item) => (isBlock(item) ? statementsIn(item) : [item]));
}

function allBlocks(block: Block): Block[] {
  return [block, ...block.items.filter(isBlock).flatMap(allBlocks)];
}

test('blocks hold all statements in order, and say what goes in and comes out', () => {
  fc.assert(
    fc.property(program, ({ statements, results, tapped }) => {
      const tree = blockTree(statements, results, tapped);
      expect(statementsIn(tree)).toEqual(statements);
      for (const block of allBlocks(tree)) {
        const inside = statementsIn(block);
        const made = new Set(inside.flatMap((statement) => statement.results));
        const read = new Set(inside.flatMap(({ expr }) => valuesIn(expr)));
        const outside = statements.filter((statement) => !inside.includes(statement));
        const wanted = new Set([...outside.flatMap(({ expr }) => valuesIn(expr)), ...results]);
        expect(block.inputs).toEqual([...read].filter((value) => !made.has(value)));
        const outputs = [...made].filter((value) => wanted.has(value));
        const alone = tapped.get(block.scope);
        expect(block.outputs).toEqual(outputs.length === 0 && alone !== undefined ? [alone] : outputs);
        for (const { scope } of inside)
          expect(`${scope}/`.startsWith(block.scope === '' ? '' : `${block.scope}/`)).toBe(true);
      }
    }),
  );
});
