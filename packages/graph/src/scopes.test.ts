import { RequestError } from '@tttv2/spec';
import { expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import type { Graph } from './graph.ts';
import { scopesOf } from './scopes.ts';
import { tapValue } from './tap.ts';

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
