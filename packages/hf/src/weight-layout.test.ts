import { readWeight, shapeOf, type WeightExpr } from '@tttv2/graph';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { layoutExpr, storedShape, tensorsOf } from './weight-layout.ts';
import type { WeightLayout } from './weight-names.ts';

const dim = fc.integer({ min: 1, max: 4 });
const part = fc
  .integer({ min: 1, max: 3 })
  .chain((of) => fc.record({ index: fc.integer({ min: 0, max: of - 1 }), of: fc.constant(of) }));
const how = fc.record({ isTransposed: fc.boolean(), part }, { requiredKeys: [] });

const places: fc.Arbitrary<{ layout: WeightLayout; shape: number[] }> = fc.oneof(
  fc.record({
    layout: how.map((rest) => ({ tensor: 'a', ...rest })),
    shape: fc.array(dim, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({
    layout: how.map((rest) => ({ tensor: 'experts.{e}', ...rest })),
    shape: fc.array(dim, { minLength: 3, maxLength: 3 }),
  }),
  fc.record({
    layout: part.map((of) => ({ tensor: 'experts', part: of })),
    shape: fc.array(dim, { minLength: 3, maxLength: 3 }),
  }),
);

test('every element comes from where its layout says', async () => {
  await fc.assert(
    fc.asyncProperty(places, async ({ layout, shape }) => {
      const { views, source } = checkpoint(layout, shape);
      const expr = layoutExpr(layout, shape, views);
      expect(shapeOf(expr)).toEqual(shape);
      const numbers = new Float32Array((await readWeight(source, expr)).slice().buffer);
      expect([...numbers]).toEqual(elementsOf(layout, shape));
    }),
  );
});

/** By the meaning of a layout: each index of the parameter to a place in the file, whose numbers count up from 0. */
function elementsOf(
  { tensor, part = { index: 0, of: 1 }, isTransposed = false }: WeightLayout,
  shape: number[],
): number[] {
  const [inputs, outputs, experts] =
    shape.length === 1 ? [1, size(shape), 1] : [shape.at(-1) ?? 0, shape.at(-2) ?? 0, shape.at(-3) ?? 1];
  const rows = part.of * outputs;
  const isMatrix = shape.length > 1 && (shape.length === 2 || tensor.includes('{e}'));
  return Array.from({ length: size(shape) }, (_, at) => {
    const input = at % inputs;
    const row = part.index * outputs + (Math.floor(at / inputs) % outputs);
    const expert = Math.floor(at / inputs / outputs) % experts;
    return expert * rows * inputs + (isTransposed && isMatrix ? input * rows + row : row * inputs + input);
  });
}

/** A file with the tensors of a parameter one after the other. */
function checkpoint(layout: WeightLayout, parameter: readonly number[]) {
  const shape = storedShape(layout, parameter);
  const bytes = 4 * size(shape);
  const views = tensorsOf(layout, parameter).map(
    (_, i): WeightExpr => ({ kind: 'stored', file: 'f', offset: i * bytes, bytes, dtype: 'float32', shape }),
  );
  const data = new Uint8Array(Float32Array.from({ length: (views.length * bytes) / 4 }, (_, i) => i).buffer);
  const read = async (offset: number, length: number) => data.slice(offset, offset + length);
  const file = { size: data.byteLength, path: null, read, close: async () => {} };
  const source = {
    files: new Map([['f', file]]),
    names: () => [],
    describe: () => layoutExpr(layout, parameter, views),
    close: async () => {},
  };
  return { views, source };
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, count) => product * count, 1);
}
