import { type Graph, isOpName, legalize, ops, opTable, rewrite, scopesOf, validate } from '@tttv2/graph';
import { expect, test } from 'vitest';
import { type FuzzVariant, fuzzCase, showFuzzCase } from './fuzz.ts';
import { Random } from './random.ts';
import { randomGraph } from './random-graph.ts';

const rows = { tokens: 11, slot: 3, cacheIndex: 20 };
const graphs = Array.from({ length: 150 }, (_, seed) =>
  randomGraph(new Random(seed), { stored: [null, 'float16'], cacheStored: [null], rows }),
);

test('random graphs are valid, and stay so in JSON', () => {
  for (const graph of graphs) {
    expect(validate(graph)).toEqual(graph);
    const data: unknown = JSON.parse(JSON.stringify(graph));
    expect(validate(data)).toEqual(data);
  }
});

test('together they hold every op of one device, by every rank of value, with both symbolic dimensions', () => {
  const nodes = graphs.flatMap((graph) => graph.nodes);
  expect(new Set(nodes.map(({ op }) => op))).toEqual(
    new Set(Object.keys(ops).filter((op) => isOpName(op) && opTable[op].kind !== 'collective')),
  );
  expect(new Set(nodes.map(({ type }) => type.shape.length))).toEqual(new Set([1, 2, 3, 4]));
  for (const dim of ['N', 'R']) expect(nodes.some(({ type }) => type.shape.some((size) => size === dim))).toBe(true);
});

test('emitted anew they are the same', () => {
  const again = (graph: Graph) => rewrite(graph, (node, inputs, builder) => builder.node(node.op, node.attrs, inputs));
  for (const graph of graphs) expect(again(graph)).toEqual(graph);
});

test('taken apart they are valid, with the same scopes and outputs of the same types', () => {
  for (const graph of graphs) {
    const parts = legalize(graph, 'any', (node) => {
      const dependsOnLength = node.op === 'rotary' && /dynamic|longrope/.test(node.attrs.scaling.kind);
      return { kind: opTable[node.op].kind === 'composite' && !dependsOnLength ? 'decompose' : 'native' };
    });
    validate(parts);
    expect([...scopesOf(parts).keys()]).toEqual([...scopesOf(graph).keys()]);
    const typesOf = ({ nodes, outputs }: Graph) =>
      Object.values(outputs).map((value) => nodes.find(({ id }) => id === value)?.type);
    expect(typesOf(parts)).toEqual(typesOf(graph));
  }
});

test('a case is the same for the same seed, and another for another', () => {
  const variants: FuzzVariant[] = [
    { hardware: { deviceType: 'x' }, stored: [null], cacheStored: [null], tolerance: 0 },
  ];
  const show = (seed: number) => showFuzzCase(fuzzCase(seed, variants));
  expect(show(7)).toBe(show(7));
  expect(show(7)).not.toBe(show(8));
});
