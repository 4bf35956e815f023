import { UnsupportedHardwareError } from '@tttv2/spec';
import { expect, test } from 'vitest';
import type { Support } from './backend.ts';
import { GraphBuilder } from './builder.ts';
import type { Graph, Node } from './graph.ts';
import { legalize } from './legalize.ts';
import { rewrite } from './rewrite.ts';
import { scopesOf } from './scopes.ts';
import { validate } from './validate.ts';

function normedLinear(): Graph {
  const builder = new GraphBuilder('g');
  const x = builder.node('gather_rows', {}, [builder.parameter('table', [5, 4]), builder.input('tokens')]);
  const normed = builder.scope('norm', () =>
    builder.node('rms_norm', { eps: 1e-6 }, [x, builder.parameter('norm.weight', [4])]),
  );
  const y = builder.scope('linear', () =>
    builder.node('linear', {}, [normed, builder.parameter('w', [3, 4], 'float16'), builder.parameter('b', [3])]),
  );
  return builder.build({ y });
}

test('a rewrite that emits every node as it is gives the same graph', () => {
  const graph = normedLinear();
  expect(rewrite(graph, (node, inputs, builder) => builder.node(node.op, node.attrs, inputs))).toEqual(graph);
});

test('a value that takes the place of another is used for it everywhere, outputs included', () => {
  const graph = rewrite(normedLinear(), (node, inputs, builder) =>
    node.op === 'rms_norm' ? (inputs[0] ?? '') : builder.node('cos', {}, [builder.node(node.op, node.attrs, inputs)]),
  );
  expect(graph.nodes.map(({ op, inputs }) => [op, ...inputs])).toEqual([
    ['gather_rows', 'table', 'tokens'],
    ['cos', '%0'],
    ['linear', '%1', 'w', 'b'],
    ['cos', '%2'],
  ]);
  expect(graph.outputs).toEqual({ y: '%3' });
});

const deny =
  (...ops: Node['op'][]) =>
  ({ op }: Node): Support => ({ kind: ops.includes(op) ? 'decompose' : 'native' });

test('what a backend has no way for is taken apart until it has, in the same scope', () => {
  const legal = legalize(normedLinear(), 'dev', deny('rms_norm', 'linear'));
  expect(legal.nodes.map(({ op, scope }) => `${scope} ${op}`)).toEqual([
    ' gather_rows',
    ...['mul', 'mean', 'affine', 'sqrt', 'div', 'mul'].map((op) => `norm ${op}`),
    ...['matmul', 'add'].map((op) => `linear ${op}`),
  ]);
  expect(validate(legal)).toEqual(legal);
  expect([...scopesOf(legal).keys()]).toEqual(['norm', 'linear']);
});

test('what has no smaller parts is refused by the name of the op, with the reason', () => {
  const refuse = ({ op }: Node): Support =>
    op === 'gather_rows' ? { kind: 'unsupported', reason: 'it has no memory' } : { kind: 'native' };
  expect(() => legalize(normedLinear(), 'dev', refuse)).toThrow(UnsupportedHardwareError);
  expect(() => legalize(normedLinear(), 'dev', refuse)).toThrow('dev cannot run gather_rows at : it has no memory');
  expect(() => legalize(normedLinear(), 'dev', deny('linear', 'matmul'))).toThrow('no smaller parts');
});
