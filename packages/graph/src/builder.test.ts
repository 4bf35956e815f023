import { expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import { GraphError } from './graph-error.ts';

test('names values in order, scopes by nesting, parameters by path', () => {
  const builder = new GraphBuilder('g');
  const y = builder.scope('layers.0', () =>
    builder.scope('q', () => {
      const weight = builder.parameter(`${builder.path}.weight`, [2, 3]);
      return builder.node('linear', {}, [builder.parameter('x', [3]), weight]);
    }),
  );
  const graph = builder.build({ y });
  expect(graph.nodes).toMatchObject([
    { id: '%0', op: 'linear', scope: 'layers.0/q', inputs: ['x', 'layers.0.q.weight'], type: { shape: [2] } },
  ]);
  expect(builder.typeOf(y)).toEqual({ dtype: 'float32', shape: [2] });
});

test('an error names the node, its op and its scope, and leaves the scope', () => {
  const builder = new GraphBuilder('g');
  const wrong = () => builder.scope('a', () => builder.node('add', {}, [builder.parameter('x', [3])]));
  expect(wrong).toThrow(GraphError);
  expect(wrong).toThrow('%0 = add in a: takes 2 inputs, found 1');
  expect(builder.path).toBe('');
  expect(() => builder.typeOf('%7')).toThrow('%7: is not the name of');
});

test('what is declared twice is declared once', () => {
  const builder = new GraphBuilder('g');
  builder.input('slot');
  builder.input('slot');
  builder.parameter('x', [3]);
  builder.parameter('x', [3]);
  const graph = builder.build({});
  expect([graph.inputs, Object.keys(graph.parameters)]).toEqual([['slot'], ['x']]);
});
