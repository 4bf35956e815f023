import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import type { Graph } from './graph.ts';
import { GraphError } from './graph-error.ts';
import { opset } from './ops/index.ts';
import { validate } from './validate.ts';

/** One attention on embedded tokens, with a head: %0 … %7. */
function smallGraph(): Graph {
  const builder = new GraphBuilder('small');
  const [slot, cacheIndex] = [builder.input('slot'), builder.input('cacheIndex')];
  const table = builder.parameter('embedding.weight', [11, 8], 'float16');
  const x = builder.scope('embedding', () => builder.node('gather_rows', {}, [table, builder.input('tokens')]));
  const mixed = builder.scope('mixer', () => {
    const heads = builder.node('reshape', { shape: ['N', 2, 4] }, [x]);
    const turned = builder.node(
      'rotary',
      { theta: 10000, rotaryDim: 4, layout: 'half', scaling: { kind: 'default' } },
      [heads, builder.input('positions'), slot],
    );
    const state = builder.state('cache', { kind: 'kv_cache', numKvHeads: 2, headDim: 4, stored: null });
    const attrs = {
      state,
      scale: 0.5,
      mask: 'causal',
      window: null,
      chunk: null,
      softcap: null,
      hasSelection: false,
    } as const;
    const mixed = builder.node('attention', attrs, [turned, turned, heads, slot, cacheIndex]);
    return builder.node('reshape', { shape: ['N', 8] }, [mixed]);
  });
  const sum = builder.node('add', {}, [x, mixed]);
  const rows = builder.node('gather_rows', {}, [sum, builder.input('logitRows')]);
  return builder.build({ logits: builder.node('linear', {}, [rows, table]) });
}

function problem(data: unknown): string {
  try {
    validate(data);
  } catch (error) {
    if (error instanceof GraphError) return error.message;
    throw error;
  }
  return 'none';
}

test('accepts what the builder builds, and its JSON', () => {
  const graph = smallGraph();
  expect(validate(graph)).toEqual(graph);
  expect(validate(JSON.parse(JSON.stringify(graph)))).toEqual(graph);
});

type Change = (graph: Graph) => object;
const changeNode =
  (index: number, change: object): Change =>
  (graph) => ({
    ...graph,
    nodes: graph.nodes.map((node, i) => (i === index ? { ...node, ...change } : node)),
  });

test.each<[what: string, change: Change, message: RegExp]>([
  ['a newer opset', (graph) => ({ ...graph, opset: opset + 1 }), /opset.*is newer.*update/],
  ['an unknown field', (graph) => ({ ...graph, meta: 1 }), /meta/],
  ['an unknown input', (graph) => ({ ...graph, inputs: ['pixels'] }), /inputs\.0/],
  ['an unknown op', changeNode(0, { op: 'conv' }), /"conv" is not an op/],
  ['an input that is not declared', (graph) => ({ ...graph, inputs: ['slot'] }), /"tokens" is not defined before/],
  ['a value before its node', changeNode(1, { inputs: ['%7'] }), /"%7" is not defined before/],
  ['two values of one name', changeNode(1, { id: '%0' }), /%0: is defined twice/],
  ['a node named like a parameter', changeNode(7, { id: 'embedding.weight' }), /defined twice/],
  ['an unknown attribute', changeNode(5, { attrs: { eps: 1 } }), /%5 = add.*attribute.*eps/],
  ['an attribute of the wrong kind', changeNode(1, { attrs: { shape: 8 } }), /attribute shape/],
  ['too few inputs', changeNode(5, { inputs: ['%0'] }), /%5 = add.*takes 2 inputs, found 1/],
  ['integers where floats are wanted', changeNode(5, { inputs: ['%0', 'slot'] }), /input 1 must be float32/],
  [
    'a declared type that is not the computed one',
    changeNode(5, { type: { dtype: 'float32', shape: ['N', 9] } }),
    /is declared/,
  ],
  ['a state that is not declared', (graph) => ({ ...graph, states: {} }), /state "cache" is not declared/],
  [
    'a state of another shape',
    (graph) => ({ ...graph, states: { cache: { ...graph.states.cache, headDim: 5 } } }),
    /state "cache" is a KV cache for \[N, 2, 5\], but the op needs a KV cache for \[N, 2, 4\]/,
  ],
  [
    'a state that nothing uses',
    (graph) => ({ ...graph, states: { ...graph.states, other: graph.states.cache } }),
    /state other: is declared, but no op/,
  ],
  [
    'a state that two ops use',
    (graph) => ({
      ...graph,
      nodes: graph.nodes.flatMap((node) => (node.id === '%3' ? [node, { ...node, id: 'again' }] : [node])),
    }),
    /used by %3 already/,
  ],
  ['an output that is not there', (graph) => ({ ...graph, outputs: { logits: '%99' } }), /output logits: "%99"/],
  ['an output of integers', (graph) => ({ ...graph, outputs: { logits: 'slot' } }), /must be float32/],
  ['a scope that is entered twice', changeNode(5, { scope: 'embedding' }), /scope "embedding" was left/],
  [
    'a scope with two outputs',
    (graph) => ({ ...graph, outputs: { ...graph.outputs, heads: '%1' } }),
    /a scope has one output/,
  ],
  [
    'a parameter with a symbolic dimension',
    (graph) => ({ ...graph, parameters: { ...graph.parameters, w: { shape: ['N'], stored: null } } }),
    /parameters\.w\.shape/,
  ],
  [
    'a parameter of an unknown storage type',
    (graph) => ({ ...graph, parameters: { ...graph.parameters, w: { shape: [2], stored: 'q9' } } }),
    /parameters\.w\.stored/,
  ],
  [
    'more elements than native sizes hold',
    (graph) => ({ ...graph, parameters: { ...graph.parameters, w: { shape: [65536, 65536], stored: null } } }),
    /w: .*more than/,
  ],
])('refuses %s', (_what, change, message) => {
  expect(problem(change(smallGraph()))).toMatch(message);
});

test('refuses what mixes the tokens of a step, or reads rows that a step may not have', () => {
  const builder = new GraphBuilder('wrong');
  const tokens = builder.input('tokens');
  const x = builder.node('gather_rows', {}, [builder.parameter('w', [11, 8]), tokens]);
  const numbers = builder.node('to_float', {}, [tokens]);
  const rows = builder.node('gather_rows', {}, [x, builder.input('logitRows')]);
  expect(() => builder.node('reshape', { shape: [8, 'N'] }, [x])).toThrow('it would mix tokens');
  expect(() => builder.node('mean', {}, [numbers])).toThrow('tokens of a step do not mix');
  expect(() => builder.node('matmul', {}, [x, x])).toThrow('must be of fixed size');
  expect(() => builder.node('gather_rows', {}, [x, tokens])).toThrow('only logitRows');
  expect(() => builder.node('gather_rows', {}, [rows, 'logitRows'])).toThrow('only logitRows');
});

/** Paths of all places in a JSON value. */
function pathsIn(value: unknown, path: readonly string[] = []): string[][] {
  const children = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [[...path], ...children.flatMap(([key, child]) => pathsIn(child, [...path, key]))];
}

/** A copy in which the value at a path is another, or gone. */
function replaceAt(value: unknown, [key, ...rest]: readonly string[], other: unknown): unknown {
  if (key === undefined) return other;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, child]): [string, unknown] => [
    name,
    name === key ? replaceAt(child, rest, other) : child,
  ]);
  const kept = entries.filter(([, child]) => child !== undefined);
  return Array.isArray(value) ? kept.map(([, child]) => child) : Object.fromEntries(kept);
}

test('throws nothing but a GraphError, whatever is changed', () => {
  const graph = smallGraph();
  const paths = pathsIn(graph);
  const other = fc.oneof(
    fc.constantFrom<unknown>(
      undefined,
      null,
      'N',
      'R',
      '%3',
      '__proto__',
      'constructor',
      'slot',
      2,
      -1,
      0.5,
      1e300,
      [],
      {},
    ),
    fc.jsonValue(),
  );
  const changes = fc.array(fc.tuple(fc.constantFrom(...paths), other), { minLength: 1, maxLength: 3 });
  let accepted = 0;
  fc.assert(
    fc.property(changes, (list) => {
      const changed = list.reduce<unknown>((value, [path, replacement]) => replaceAt(value, path, replacement), graph);
      if (problem(changed) === 'none') accepted++;
    }),
    { numRuns: 2000 },
  );
  // Names, scopes and storage types may change; nearly everything else may not.
  expect(accepted).toBeLessThan(700);
});
