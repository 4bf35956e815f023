import { readWeight, shapeOf, type WeightExpr } from '@tttv2/graph';
import { attentionSpec, ffnSpec, layerSpec, modelSpec } from '@tttv2/spec';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { layoutExpr, type PlacedParameter, placed, storedShape, tensorsOf } from './weight-layout.ts';
import type { WeightLayout } from './weight-names.ts';

const kvHeads = 2;
const spec = modelSpec({
  vocabSize: 8,
  hiddenDim: 8,
  layers: [
    layerSpec({
      attention: attentionSpec({ hiddenDim: 8, numHeads: 4, numKvHeads: kvHeads }),
      ffn: ffnSpec({ hiddenDim: 8, intermediateDim: 4 }),
    }),
  ],
});

/** A tensor that holds three parameters, whose outputs are by groups: of each group these many rows belong to each. */
interface Case {
  layout: WeightLayout;
  suffix: 'weight' | 'bias';
  experts: number | null;
  inputs: number;
  counts: number[];
  groups: number;
}

const names = ['a', 'b', 'c'].map((name) => `layers.0.${name}`);
const dim = fc.integer({ min: 1, max: 4 });
const counts = fc.array(dim, { minLength: 3, maxLength: 3 });
const ways: fc.Arbitrary<Pick<Case, 'groups' | 'counts'> & { by?: 'row' | 'kv_head' }> = fc.oneof(
  fc.record({ groups: fc.constant(1), counts }),
  fc.record({ groups: fc.constant(kvHeads), counts, by: fc.constant('kv_head' as const) }),
  // As many groups as the smallest of them has rows.
  fc.record({ groups: dim, counts: counts.map((rows) => rows.with(1, 1)), by: fc.constant('row' as const) }),
);
const cases: fc.Arbitrary<Case> = fc
  .record({
    way: ways,
    isTransposed: fc.boolean(),
    suffix: fc.constantFrom('weight' as const, 'bias' as const),
    experts: fc.option(dim),
    isApart: fc.boolean(),
    inputs: dim,
  })
  .map(({ way: { by, ...way }, isTransposed, suffix, experts, isApart, inputs }) => ({
    ...way,
    suffix,
    experts,
    inputs,
    layout: {
      tensor: experts !== null && isApart ? 'experts.{e}' : 'experts',
      isTransposed,
      part: { of: names.map((name) => `${name}.${suffix}`), ...(by === undefined ? {} : { by }) },
    },
  }));

test('every element comes from where its layout says', async () => {
  await fc.assert(
    fc.asyncProperty(cases, fc.integer({ min: 0, max: 2 }), async (one, index) => {
      const place = placeOf(one, index);
      const { views, source } = checkpoint(place);
      const expr = layoutExpr(place, views);
      expect(shapeOf(expr)).toEqual(place.shape);
      const numbers = new Float32Array((await readWeight(source, expr)).slice().buffer);
      expect([...numbers]).toEqual(elementsOf(one, index));
    }),
  );
});

test('a tensor of one parameter is that, or its transpose', () => {
  const parameters = new Map([['layers.0.a.weight', [3, 2]]]);
  const shapeIn = (layout: WeightLayout) => storedShape(placed(layout, 'layers.0.a.weight', { spec, parameters }));
  expect(shapeIn({ tensor: 'a' })).toEqual([3, 2]);
  expect(shapeIn({ tensor: 'a', isTransposed: true })).toEqual([2, 3]);
});

function placeOf({ layout, suffix, experts, inputs, counts, groups }: Case, index: number): PlacedParameter {
  const shapeFor = (count: number) => [
    ...(experts === null ? [] : [experts]),
    count * groups,
    ...(suffix === 'bias' ? [] : [inputs]),
  ];
  const parameters = new Map(names.map((name, i) => [`${name}.${suffix}`, shapeFor(counts[i] ?? 0)]));
  return placed(layout, `${names[index]}.${suffix}`, { spec, parameters });
}

/** By the meaning of a layout: each index of the parameter to a place in the file, whose numbers count up from 0. */
function elementsOf({ layout, suffix, experts, inputs: width, counts, groups }: Case, index: number): number[] {
  const inputs = suffix === 'bias' ? 1 : width;
  const count = counts[index] ?? 0;
  const total = counts.reduce((sum, rows) => sum + rows);
  const before = counts.slice(0, index).reduce((sum, rows) => sum + rows, 0);
  const outputs = groups * total;
  return Array.from({ length: (experts ?? 1) * groups * count * inputs }, (_, at) => {
    const input = at % inputs;
    const output = Math.floor(at / inputs) % (groups * count);
    const expert = Math.floor(at / inputs / (groups * count));
    const row = Math.floor(output / count) * total + before + (output % count);
    const isTurned = layout.isTransposed && suffix === 'weight';
    return expert * outputs * inputs + (isTurned ? input * outputs + row : row * inputs + input);
  });
}

/** A file with the tensors of a parameter one after the other. */
function checkpoint(place: PlacedParameter) {
  const shape = storedShape(place);
  const bytes = 4 * size(shape);
  const views = tensorsOf(place).map(
    (_, i): WeightExpr => ({ kind: 'stored', file: 'f', offset: i * bytes, bytes, dtype: 'float32', shape }),
  );
  const data = new Uint8Array(Float32Array.from({ length: (views.length * bytes) / 4 }, (_, i) => i).buffer);
  const read = async (offset: number, length: number) => data.slice(offset, offset + length);
  const file = { size: data.byteLength, path: null, read, close: async () => {} };
  const source = {
    files: new Map([['f', file]]),
    names: () => [],
    describe: () => layoutExpr(place, views),
    close: async () => {},
  };
  return { views, source };
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, count) => product * count, 1);
}
