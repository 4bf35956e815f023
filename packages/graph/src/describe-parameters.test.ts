import { WeightMismatchError } from '@tttv2/spec';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GraphBuilder } from './builder.ts';
import { describeParameters } from './describe-parameters.ts';
import type { Graph, Repeat } from './graph.ts';
import { placesOf } from './mesh.ts';
import { readFloats } from './read-floats.ts';
import type { Sharding } from './sharding.ts';
import { validate } from './validate.ts';
import { shapeOf } from './weight-expr.ts';
import type { WeightSource } from './weight-source.ts';

/** A checkpoint whose only parameter is `w`: 0, 1, 2, … */
function rampSource(shape: number[]): WeightSource {
  const bytes = 4 * shape.reduce((product, dim) => product * dim, 1);
  const content = new Uint8Array(Float32Array.from({ length: bytes / 4 }, (_, i) => i).buffer);
  const read = async (offset: number, length: number) => content.slice(offset, offset + length);
  return {
    files: new Map([['f', { size: bytes, path: null, read }]]),
    names: () => ['w'],
    describe(name) {
      if (name !== 'w') throw new WeightMismatchError({ message: `there is no "${name}"`, missing: [name] });
      return { kind: 'stored', file: 'f', offset: 0, bytes, dtype: 'float32', shape };
    },
    close: async () => {},
  };
}

function graphOf(
  shape: number[],
  options: { sharding?: Sharding; from?: string; repeat?: Repeat } = {},
  name = 'w',
): Graph {
  const builder = new GraphBuilder('g');
  builder.parameter(name, shape, null, options);
  return builder.build({});
}

test('a weight of another shape than the model’s is refused, with both', () => {
  const source = rampSource([2, 3]);
  expect(describeParameters(graphOf([2, 3]), source).get('w')?.kind).toBe('stored');
  for (const shape of [[3, 2], [6], [2, 3, 1]]) {
    const describe = () => describeParameters(graphOf(shape), source);
    expect(describe).toThrow(WeightMismatchError);
    expect(describe).toThrow(`w is [2, 3], but the model needs [${shape.join(', ')}]`);
  }
});

test('of a part, the whole is what must have the shape', () => {
  const graph = graphOf([2, 3], { sharding: { axis: 0, meshAxis: 1, size: 3 } });
  const place = { mesh: [1, 2], device: [0, 1] } as const;
  expect(() => describeParameters(graph, rampSource([4, 3]), place)).toThrow('w is [4, 3], but the model needs [3, 3]');
});

test('a parameter may be made from another, whose name an error gives', () => {
  expect(describeParameters(graphOf([2, 3], { from: 'w' }, 'w@rows'), rampSource([2, 3])).has('w@rows')).toBe(true);
  expect(() => describeParameters(graphOf([3], { from: 'w' }, 'x'), rampSource([2]))).toThrow('w is [2]');
  expect(() => describeParameters(graphOf([2], { from: 'v' }), rampSource([2]))).toThrow('there is no "v"');
});

test('each device is given its part, the last one filled up', async () => {
  const parts = async (whole: number[], part: number[], sharding: Sharding) => {
    const source = rampSource(whole);
    const exprs = placesOf([2, 2]).map((place) =>
      describeParameters(graphOf(part, { sharding }), source, place).get('w'),
    );
    return Promise.all(
      exprs.map(async (expr) => expr && { shape: shapeOf(expr), data: [...(await readFloats(source, expr))] }),
    );
  };
  const [first, last] = [
    { shape: [2, 2], data: [0, 1, 2, 3] },
    { shape: [2, 2], data: [4, 5, 0, 0] },
  ];
  expect(await parts([3, 2], [2, 2], { axis: 0, meshAxis: 1, size: 3 })).toEqual([first, last, first, last]);
  expect(await parts([3, 2], [2, 2], { axis: 0, meshAxis: 0, size: 3 })).toEqual([first, first, last, last]);
  const [left, right] = [
    { shape: [2, 1], data: [0, 2] },
    { shape: [2, 1], data: [1, 3] },
  ];
  expect(await parts([2, 2], [2, 1], { axis: 1, meshAxis: 1, size: 2 })).toEqual([left, right, left, right]);
  const [upper, lower] = [
    { shape: [2, 1, 3], data: [0, 1, 2, 6, 7, 8] },
    { shape: [2, 1, 3], data: [3, 4, 5, 9, 10, 11] },
  ];
  expect(await parts([2, 2, 3], [2, 1, 3], { axis: 1, meshAxis: 1, size: 2 })).toEqual([upper, lower, upper, lower]);
  const ends = [
    { shape: [2], data: [0, 1] },
    { shape: [2], data: [2, 0] },
  ];
  expect(await parts([3], [2], { axis: 0, meshAxis: 1, size: 3 })).toEqual([...ends, ...ends]);
});

test('of rows that are repeated in blocks, each device is given its copy', async () => {
  const source = rampSource([4, 2]);
  const options = { sharding: { axis: 0, meshAxis: 1, size: 8 }, repeat: { block: 2, times: 2 } } as const;
  const parts = placesOf([1, 4]).map((place) => {
    const expr = describeParameters(graphOf([2, 2], options), source, place).get('w');
    return expr && readFloats(source, expr);
  });
  const [first, last] = [Float32Array.of(0, 1, 2, 3), Float32Array.of(4, 5, 6, 7)];
  expect(await Promise.all(parts)).toEqual([first, first, last, last]);
});

test('a parameter that does not consist of repeated blocks is refused', () => {
  const graph = graphOf([6, 2], { repeat: { block: 2, times: 2 } });
  expect(() => validate(graph)).toThrow('does not consist of repeated blocks');
});

test('blocks that a cut would split become numbers first', () => {
  const source: WeightSource = {
    ...rampSource([1]),
    describe: () => ({ kind: 'stored', file: 'f', offset: 0, bytes: 0, dtype: 'q8_0', shape: [4, 96] }),
  };
  const columns = (devices: number) => {
    const graph = graphOf([4, 96 / devices], { sharding: { axis: 1, meshAxis: 1, size: 96 } });
    return describeParameters(graph, source, { mesh: [1, devices], device: [0, 1] }).get('w');
  };
  expect(columns(3)).toMatchObject({ kind: 'columns', start: 32, count: 32, of: { kind: 'stored' } });
  expect(columns(2)).toMatchObject({ kind: 'columns', start: 48, count: 48, of: { kind: 'dequantise' } });
});

test('property: rows of all devices, one after the other, are the whole and zeros', async () => {
  const sizes = fc.record({
    part: fc.integer({ min: 1, max: 4 }),
    devices: fc.integer({ min: 1, max: 4 }),
    missing: fc.nat(3),
  });
  await fc.assert(
    fc.asyncProperty(sizes, async ({ part, devices, missing }) => {
      fc.pre(missing < Math.min(part, devices));
      const size = part * devices - missing;
      const graph = graphOf([part, 2], { sharding: { axis: 0, meshAxis: 1, size } });
      const source = rampSource([size, 2]);
      const rows: number[] = [];
      for (const place of placesOf([1, devices])) {
        for (const expr of describeParameters(graph, source, place).values())
          rows.push(...(await readFloats(source, expr)));
      }
      expect(rows).toEqual(Array.from({ length: 2 * part * devices }, (_, i) => (i < 2 * size ? i : 0)));
    }),
  );
});

test('a parameter may have the rows of several, each of its own form', async () => {
  const builder = new GraphBuilder('g');
  const form = { sharding: null, repeat: null, affine: null, from: 'w' };
  const parts = [
    { ...form, shape: [1, 2], sharding: { axis: 0, meshAxis: 1, size: 2 } as const },
    { ...form, shape: [2, 2], affine: { scale: 10, offset: 1 } },
  ];
  builder.parameter('joined', [3, 2], null, { parts });
  const graph = validate(builder.build({}));
  const source = rampSource([2, 2]);
  const ofDevices = placesOf([1, 2]).map((place) => describeParameters(graph, source, place).get('joined'));
  const numbers = await Promise.all(ofDevices.flatMap((expr) => (expr ? [readFloats(source, expr)] : [])));
  expect(numbers.map((found) => [...found])).toEqual([
    [0, 1, 1, 11, 21, 31],
    [2, 3, 1, 11, 21, 31],
  ]);
  builder.parameter('joined', [4, 2], null, { parts });
  expect(() => validate(builder.build({}))).toThrow('does not consist of the rows of its parts');
});
