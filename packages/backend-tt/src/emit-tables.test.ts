import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DeviceParameter } from './device-parameter.ts';
import { emitCaches, emitInputs, emitParameters } from './emit-tables.ts';
import { lowered } from './testing/lowered.ts';
import { oneLayer } from './testing/one-layer.ts';

const program = lowered(oneLayer());

/** What a loop runs over: `range(3)`, `range(1, 3)` or `(0, 2)`. */
function indexesOf(loop: string): number[] {
  const [first = 0, second] = loop.match(/\d+/g)?.map(Number) ?? [];
  if (!loop.startsWith('range')) return loop.match(/\d+/g)?.map(Number) ?? [];
  const [from, to] = second === undefined ? [0, first] : [first, second];
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Names and facts of `PARAMETERS`, with its loops run. */
function parametersIn(text: string): string[] {
  let indexes = [0];
  return text.split('\n').flatMap((line) => {
    const [, loop] = /^for i in (.*):$/.exec(line) ?? [];
    if (loop !== undefined) indexes = indexesOf(loop);
    const [, f, name = '', facts] = /^ +(f?)'(.*)': \((.*)\),$/.exec(line) ?? [];
    if (facts === undefined) return [];
    return (f === '' ? [name] : indexes.map((i) => name.replace('{i}', `${i}`))).map((one) => `${one}: ${facts}`);
  });
}

/** Names and facts of `CACHES`, with its loops run. */
function cachesIn(text: string): string[] {
  const [line = ''] = /^CACHES = .*$/m.exec(text) ?? [];
  const entries = line.matchAll(/'([^']*)': (\(\d+, \d+, ttnn\.\w+\))(?: for i in (range\([^)]*\)|\([^)]*\)))?/g);
  return [...entries].flatMap(([, name = '', facts, loop]) =>
    (loop === undefined ? [name] : indexesOf(loop).map((i) => name.replace('{i}', `${i}`))).map(
      (one) => `${one}: ${facts}`,
    ),
  );
}

const name = fc
  .tuple(
    fc.constantFrom('layers', 'experts', 'head', 'a-b'),
    fc.option(fc.nat(4)),
    fc.constantFrom('mixer', 'experts.1', 'experts.0'),
    fc.constantFrom('weight', 'cache', '2'),
  )
  .map((parts) => parts.filter((part) => part !== null).join('.'));
const names = fc.uniqueArray(fc.record({ name, size: fc.integer({ min: 1, max: 2 }) }), {
  selector: (one) => one.name,
  maxLength: 30,
});

test('every weight is in the table once, with its shape, whatever stands in a loop', () => {
  fc.assert(
    fc.property(names, (all) => {
      const parameters = all.map(
        ({ name, size }): DeviceParameter => ({
          name,
          shape: [32, size],
          dtype: 'bfloat8_b',
          layout: 'tile',
          content: { kind: 'numbers', data: [] },
        }),
      );
      const expected = all.map(({ name, size }) => `${name}: (32, ${size}), ttnn.bfloat8_b, ttnn.TILE_LAYOUT`);
      expect(parametersIn(emitParameters({ ...program, parameters })).toSorted()).toEqual(expected.toSorted());
    }),
  );
});

test('every cache is in the table once, with its heads and its type', () => {
  fc.assert(
    fc.property(names, (all) => {
      const stored = (size: number) => (size === 1 ? null : 'bfloat8_b');
      const cache = (size: number) =>
        ({
          kind: 'kv_cache',
          numKvHeads: size,
          headDim: 64,
          hasValues: true,
          stored: stored(size),
          sharding: null,
        }) as const;
      const states = Object.fromEntries(all.map(({ name, size }) => [name, cache(size)]));
      const text = emitCaches({ ...program, graph: { ...program.graph, states } });
      const expected = all.map(({ name, size }) => `${name}: (${size}, 64, ttnn.${stored(size) ?? 'bfloat16'})`);
      expect(cachesIn(text).toSorted()).toEqual(expected.toSorted());
    }),
  );
});

test('layers that are alike are a loop', () => {
  const windows = [null, null, null];
  expect(emitParameters(lowered(oneLayer({ windows })))).toContain(
    "for i in range(3):\n    PARAMETERS |= {\n        f'layers.{i}.preMixerNorm.weight': ((1, 1, 1, 256), ",
  );
  expect(emitCaches(lowered(oneLayer({ windows })))).toContain(
    "CACHES = {f'layers.{i}.mixer.cache': (2, 64, ttnn.bfloat16) for i in range(3)}",
  );
});

test('each phase has the inputs that its functions read', () => {
  const [prefill = '', decode = ''] = emitInputs(program).split("    'decode'");
  const inputs = (text: string) => [...text.matchAll(/^ {8}'(\w+)'/gm)].map(([, input]) => input);
  expect(inputs(prefill)).toEqual(['tokens', 'cos', 'sin', 'rows']);
  expect(inputs(decode)).toEqual(['tokens', 'cos', 'sin', 'cache_index']);
});
