import { expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import { type Bindings, evaluate, evaluateLockstep } from './evaluate.ts';
import { ReferenceCache } from './reference-cache.ts';
import { floatTensor } from './tensor.ts';

/** A device that holds two numbers. */
function device(...numbers: [number, number]): Bindings {
  const w = floatTensor([2], (i) => numbers[i] ?? 0);
  return { inputs: {}, parameter: () => w, state: new ReferenceCache(), sizes: { N: 1, R: 0 } };
}

function collectives(devices: number) {
  const builder = new GraphBuilder('g');
  const w = builder.parameter('w', [2]);
  const doubled = builder.node('affine', { scale: 2, offset: 0 }, [w]);
  const alongRows = builder.node('all_reduce', { meshAxis: 0 }, [doubled]);
  const joined = builder.node('all_gather', { meshAxis: 1, devices }, [doubled]);
  return { graph: builder.build({}), alongRows, joined };
}

test('devices go together, in groups along an axis of the mesh', () => {
  const { graph, alongRows, joined } = collectives(2);
  const devices = [device(1, 2), device(10, 20), device(100, 200), device(1000, 2000)];
  const values = evaluateLockstep(graph, [2, 2], devices);
  const numbers = (name: string) => values.map((of) => [...(of.get(name)?.data ?? [])]);
  expect(numbers(alongRows)).toEqual([
    [202, 404],
    [2020, 4040],
    [202, 404],
    [2020, 4040],
  ]);
  const [upper, lower] = [
    [2, 4, 20, 40],
    [200, 400, 2000, 4000],
  ];
  expect(numbers(joined)).toEqual([upper, upper, lower, lower]);
});

test('a device on its own is a group of one', () => {
  const { graph, alongRows, joined } = collectives(1);
  const values = evaluate(graph, device(1, 2));
  for (const name of [alongRows, joined]) expect([...(values.get(name)?.data ?? [])]).toEqual([2, 4]);
});
