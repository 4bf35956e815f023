import { RequestError } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import type { Graph } from './graph.ts';
import { scopesOf } from './scopes.ts';
import { tapValue } from './tap.ts';
import { validate } from './validate.ts';

/** Scopes `a`, `a/b`, `c` of which `a` gives what `a/b` gives, and nothing leaves `c`. */
function nested(): Graph {
  const builder = new GraphBuilder('nested');
  const x = builder.parameter('x', [2]);
  const a = builder.scope('a', () => {
    const root = builder.node('sqrt', {}, [x]);
    return builder.scope('b', () => builder.node('sin', {}, [builder.node('cos', {}, [root])]));
  });
  builder.scope('c', () => builder.node('cos', {}, [a]));
  return builder.build({ y: a });
}

test('scopes come outer first, with their nodes and the value that leaves them', () => {
  expect([...scopesOf(nested()).values()]).toEqual([
    { path: 'a', from: 0, to: 3, output: '%2' },
    { path: 'a/b', from: 1, to: 3, output: '%2' },
    { path: 'c', from: 3, to: 4, output: null },
  ]);
});

test('a tap is the value that leaves its scope', () => {
  expect(tapValue(nested(), 'a/b')).toBe('%2');
  for (const scope of ['c', 'z', 'a/c', '__proto__']) expect(() => tapValue(nested(), scope)).toThrow(RequestError);
  expect(() => tapValue(nested(), 'z')).toThrow('outermost are a, c');
});

test('a scope is not entered again once it was left', () => {
  const graph = nested();
  const nodes = graph.nodes.map((node) => (node.id === '%3' ? { ...node, scope: 'a/b' } : node));
  expect(scopesOf({ ...graph, nodes }).get('a/b')?.to).toBe(4);
  const torn = graph.nodes.map((node) => (node.id === '%1' ? { ...node, scope: 'c' } : node));
  expect(() => scopesOf({ ...graph, nodes: torn })).toThrow('was left at node');
});

test('what was selected may leave a scope beside its output: it is no value that the scope is there for', () => {
  const builder = new GraphBuilder('selecting');
  const rows = builder.node('gather_rows', {}, [builder.parameter('table', [5, 2]), builder.input('tokens')]);
  const places = [builder.input('slot'), builder.input('cacheIndex')];
  const heads = builder.node('reshape', { shape: ['N', 1, 2] }, [rows]);
  const index = { kind: 'kv_cache', numKvHeads: 1, headDim: 2, hasValues: false, stored: null } as const;
  const cache = { kind: 'kv_cache', numKvHeads: 1, headDim: 2, stored: null } as const;
  let selection = '';
  const value = builder.scope('a', () => {
    const weights = builder.node('slice', { start: 0, length: 1 }, [rows]);
    const attrs = { state: builder.state('index', index), topK: 2 };
    selection = builder.node('select_keys', attrs, [heads, rows, weights, ...places]);
    return builder.node('sqrt', {}, [heads]);
  });
  const attrs = { state: builder.state('cache', cache), scale: 1, mask: 'causal', window: null } as const;
  const all = { ...attrs, chunk: null, softcap: null, hasSelection: true };
  const y = builder.node('attention', all, [value, value, value, ...places, selection]);
  const graph = validate(builder.build({ y }));
  expect(scopesOf(graph).get('a')?.output).toBe(value);
  const wrong = { ...graph, states: { ...graph.states, index: { ...cache, hasValues: true, sharding: null } } };
  expect(() => validate(wrong)).toThrow(
    'state "index" is a KV cache for [N, 1, 2], but the op needs a key cache for [N, 1, 2]',
  );
});
