import { activationTypeSchema, isLengthDependent, type RopeSpec, ropeSpecSchema } from '@tttv2/spec';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Emitter, EvaluationContext } from '../op.ts';
import type { StateRow } from '../state-store.ts';
import { elementCount, type FloatTensor, floats, floatTensor, type Tensor } from '../tensor.ts';
import { concreteShape, type Dim, float32, int32, type StepSizes, type ValueType } from '../value-type.ts';
import { type AttrsOf, isOpName, type OpName, ops, opTable } from './index.ts';

/** Attributes and types of inputs that fit an op. */
interface Sample<Name extends OpName> {
  attrs: AttrsOf<Name>;
  types: ValueType[];
  /** Which input tells sequences apart: all tokens are of one. */
  slot?: number;
}

const sizes: StepSizes = { N: 3, R: 2 };
const size = fc.integer({ min: 1, max: 5 });
const symbol = fc.constantFrom<Dim>('N', 'R');
const shape = fc.array(fc.oneof({ weight: 3, arbitrary: size }, symbol), { minLength: 1, maxLength: 4 });
/** A shape whose last dimension is fixed. */
const rows = fc
  .tuple(fc.array(fc.oneof(size, symbol), { maxLength: 3 }), size)
  .map(([dims, width]) => [...dims, width]);
const fn = fc.constantFrom(...activationTypeSchema.options);
const eps = fc.constantFrom(1e-6, 0.1);

const unary = shape.map((dims) => ({ attrs: {}, types: [float32(...dims)] }));
const binary = fc
  .tuple(shape, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), fc.nat(3))
  .map(([dims, kept, dropped]) => {
    const broadcast = dims.map((dim, i) => (kept[i] ? dim : 1));
    return { attrs: {}, types: [float32(...dims), float32(...broadcast.slice(Math.min(dropped, dims.length - 1)))] };
  });
const products = fc.tuple(rows, size).map(([dims, outputs]) => ({ dims, outputs, width: Number(dims.at(-1)) }));

const lookUps: { rows: Dim; index: Dim[] }[] = [
  { rows: 5, index: ['N'] },
  { rows: 5, index: [1, 'N'] },
  { rows: 'N', index: ['R'] },
];

const headShape = fc.record({ heads: size, headDim: fc.integer({ min: 4, max: 9 }) });
const rope = fc
  .constantFrom('half', 'interleaved')
  .chain((layout) =>
    fc
      .constantFrom<RopeSpec['scaling']>(
        { kind: 'default' },
        { kind: 'linear', factor: 4 },
        { kind: 'dynamic', factor: 2, originalMaxSeqLen: 2 },
        { kind: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalMaxSeqLen: 8 },
        { kind: 'factors', factors: [1.5, 2], attentionFactor: 1.2 },
      )
      .map((scaling): RopeSpec => ({ theta: 10000, rotaryDim: 4, layout, scaling })),
  );

const samples: { readonly [Name in OpName]: fc.Arbitrary<Sample<Name>> } = {
  activation: fc.record({ attrs: fc.record({ fn }), types: fc.tuple(shape.map((dims) => float32(...dims))) }),
  add: binary,
  affine: shape.map((dims) => ({ attrs: { scale: -2, offset: 0.5 }, types: [float32(...dims)] })),
  all_gather: rows.map((dims) => ({ attrs: { meshAxis: 1, devices: 1 }, types: [float32(...dims)] })),
  all_reduce: shape.map((dims) => ({ attrs: { meshAxis: 1 }, types: [float32(...dims)] })),
  attention: fc
    .record({
      kvHeads: size,
      group: size,
      headDim: size,
      window: fc.option(size),
      chunk: fc.option(size),
      softcap: fc.option(fc.constant(0.5)),
      hasSelection: fc.boolean(),
    })
    .map(
      ({ kvHeads, group, headDim, window, chunk, softcap, hasSelection }): Sample<'attention'> => ({
        attrs: { state: 's', scale: 0.3, mask: 'causal', window, chunk, softcap, hasSelection },
        types: [
          float32('N', kvHeads * group, headDim),
          float32('N', kvHeads, headDim),
          float32('N', kvHeads, headDim),
          int32('N'),
          int32('N'),
          ...(softcap === null ? [] : [float32(kvHeads * group)]),
          ...(hasSelection ? [int32('N', 3)] : []),
        ],
        slot: 3,
      }),
    ),
  causal_conv: fc.record({ channels: size, width: fc.integer({ min: 2, max: 5 }) }).map(
    ({ channels, width }): Sample<'causal_conv'> => ({
      attrs: { state: 's' },
      types: [float32('N', channels), float32(channels, width), int32('N'), int32('N')],
      slot: 2,
    }),
  ),
  clamp: shape.map((dims) => ({ attrs: { min: 0.3, max: null }, types: [float32(...dims)] })),
  concat: fc
    .tuple(rows, size)
    .map(([dims, other]) => ({ attrs: {}, types: [float32(...dims), float32(...dims.slice(0, -1), other)] })),
  constant: fc.array(size, { minLength: 1, maxLength: 4 }).map((dims) => ({
    attrs: { shape: dims, data: Array.from({ length: elementCount(dims) }, (_, i) => i) },
    types: [],
  })),
  cos: unary,
  div: binary,
  exp: unary,
  floor: unary,
  gather_rows: fc
    .tuple(fc.constantFrom(...lookUps), fc.array(size, { minLength: 1, maxLength: 3 }))
    .map(([lookUp, row]) => ({
      attrs: {},
      types: [float32(lookUp.rows, ...row), int32(...lookUp.index)],
    })),
  gated_delta: fc
    .record({ groups: size, perGroup: size, headDim: size, width: size })
    .map(({ groups, perGroup, headDim, width }): Sample<'gated_delta'> => {
      const [shared, heads] = [float32('N', groups, width), groups * perGroup];
      const [v, perHead, a] = [float32('N', heads, headDim), float32('N', heads), float32(heads)];
      return {
        attrs: { state: 's' },
        types: [shared, shared, v, perHead, a, perHead, int32('N'), int32('N')],
        slot: 6,
      };
    }),
  glu: fc
    .tuple(fn, shape)
    .map(([name, dims]) => ({ attrs: { fn: name }, types: [float32(...dims), float32(...dims)] })),
  layer_norm: fc.tuple(rows, eps, fc.boolean()).map(([dims, value, hasBias]) => ({
    attrs: { eps: value },
    types: [float32(...dims), float32(...dims.slice(-1)), ...(hasBias ? [float32(...dims.slice(-1))] : [])],
  })),
  linear: fc.tuple(products, fc.boolean()).map(([{ dims, outputs, width }, hasBias]) => ({
    attrs: {},
    types: [float32(...dims), float32(outputs, width), ...(hasBias ? [float32(outputs)] : [])],
  })),
  log: unary,
  matmul: products.map(({ dims, outputs, width }) => ({
    attrs: {},
    types: [float32(...dims), float32(outputs, width)],
  })),
  mean: rows.map((dims) => ({ attrs: {}, types: [float32(...dims)] })),
  moe: fc
    .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), size, size, fc.boolean(), fc.boolean())
    .map(([experts, topK, width, inner, isSigmoid, isLate]) => ({
      attrs: {
        topK: Math.min(topK, experts),
        fn: 'silu' as const,
        score: isSigmoid ? ('sigmoid' as const) : ('softmax' as const),
        order: isLate ? ('topk_then_score' as const) : ('score_then_topk' as const),
        normalize: isLate,
        scale: 2,
        groups: null,
        limit: isLate ? 0.7 : null,
        upOffset: isLate ? 1 : 0,
        scored: isSigmoid ? ('inputs' as const) : ('outputs' as const),
        hasExpertScale: isLate,
        gated: true,
      },
      types: [
        ...[float32('N', width), float32('N', experts), float32(experts, inner, width), float32(experts, inner, width)],
        ...[float32(experts, width, inner), ...(isSigmoid ? [float32(experts)] : [])],
        ...(isLate ? [float32(experts, inner), float32(experts, inner), float32(experts, width)] : []),
        ...(isLate ? [float32(experts)] : []),
      ],
    })),
  mul: binary,
  reshape: fc.tuple(shape, fc.nat(3)).map(([dims, turn]) => {
    // What stands before the tokens stays there.
    const at = dims.findLastIndex((dim) => typeof dim === 'string') + 1;
    const inner = dims.slice(at);
    const start = turn % Math.max(1, inner.length);
    const turned = [...dims.slice(0, at), ...inner.slice(start), ...inner.slice(0, start)];
    return { attrs: { shape: turned }, types: [float32(...dims)] };
  }),
  rms_norm: fc
    .tuple(rows, eps)
    .map(([dims, value]) => ({ attrs: { eps: value }, types: [float32(...dims), float32(...dims.slice(-1))] })),
  rotary: fc.tuple(rope, headShape).map(([attrs, { heads, headDim }]) => ({
    attrs,
    types: [float32('N', heads, headDim), int32(1, 'N'), int32('N')],
    slot: 2,
  })),
  select_keys: fc.record({ heads: size, dim: size, topK: size }).map(
    ({ heads, dim, topK }): Sample<'select_keys'> => ({
      attrs: { state: 's', topK },
      types: [float32('N', heads, dim), float32('N', dim), float32('N', heads), int32('N'), int32('N')],
      slot: 3,
    }),
  ),
  sin: unary,
  slice: fc.tuple(rows, fc.nat(4), fc.nat(4)).map(([dims, a, b]) => {
    const width = Number(dims.at(-1));
    const start = a % width;
    return { attrs: { start, length: 1 + (b % (width - start)) }, types: [float32(...dims)] };
  }),
  sqrt: unary,
  ssm_scan: fc
    .record({ groups: size, perGroup: size, headDim: size, width: size })
    .map(({ groups, perGroup, headDim, width }): Sample<'ssm_scan'> => {
      const heads = groups * perGroup;
      const shared = float32('N', groups, width);
      const [x, dt, a] = [float32('N', heads, headDim), float32('N', heads), float32(heads)];
      return { attrs: { state: 's' }, types: [x, dt, a, shared, shared, int32('N'), int32('N')], slot: 5 };
    }),
  sub: binary,
  to_float: fc.constantFrom(int32('N'), int32(1, 'N'), int32('R')).map((type) => ({ attrs: {}, types: [type] })),
};

function tensorsOf<Name extends OpName>({ types, slot }: Sample<Name>): Tensor[] {
  return types.map((type, i) => (i === slot ? zeros(type) : tensorOf(type, i)));
}

/** Floats from 0.1 to 2 that repeat late; integers within every bound. */
function tensorOf(type: ValueType, seed: number): Tensor {
  const dims = concreteShape(type.shape, sizes);
  const length = elementCount(dims);
  return type.dtype === 'int32'
    ? { dtype: 'int32', shape: dims, data: Int32Array.from({ length }, (_, i) => i % 3) }
    : floatTensor(dims, (i) => 0.1 + (((i + seed) * 0.618) % 1.9));
}

function zeros({ shape }: ValueType): Tensor {
  const dims = concreteShape(shape, sizes);
  return { dtype: 'int32', shape: dims, data: new Int32Array(elementCount(dims)) };
}

function freshContext(): EvaluationContext {
  const cells = new Map<string, StateRow[]>();
  const at = (slot: number) => cells.get(`${slot}`) ?? [];
  return {
    sizes,
    state: {
      read: (_state, slot) => at(slot),
      write: (_state, slot, index, row) => {
        const rows = at(slot);
        rows[index] = row;
        cells.set(`${slot}`, rows);
      },
    },
  };
}

/** Evaluates what a decomposition emits as it is emitted. */
class Eager implements Emitter {
  readonly #values: { type: ValueType; tensor: Tensor }[] = [];

  add(type: ValueType, tensor: Tensor): string {
    return `${this.#values.push({ type, tensor }) - 1}`;
  }

  node(op: string, attrs: Record<string, unknown>, inputs: readonly string[]): string {
    if (!isOpName(op)) throw new Error(`${op} is no op`);
    return this.#emit(op, attrs, inputs);
  }

  #emit<Name extends OpName>(op: Name, attrs: unknown, inputs: readonly string[]): string {
    const definition = opTable[op];
    const checked = definition.attrs.parse(attrs);
    const types = inputs.map((input) => this.typeOf(input));
    const tensors = inputs.map((input) => this.tensor(input));
    return this.add(definition.infer(checked, types), definition.evaluate(checked, tensors, freshContext()));
  }

  typeOf(id: string): ValueType {
    return this.#value(id).type;
  }

  tensor(id: string): Tensor {
    return this.#value(id).tensor;
  }

  #value(id: string) {
    const value = this.#values[Number(id)];
    if (value === undefined) throw new Error(`no value ${id}`);
    return value;
  }
}

function checkOp<Name extends OpName>(op: Name, check: (sample: Sample<Name>) => void): void {
  const arbitrary: fc.Arbitrary<Sample<Name>> = samples[op];
  fc.assert(fc.property(arbitrary, check), { numRuns: 60 });
}

const names = Object.keys(ops).filter(isOpName);

function evaluateSample<Name extends OpName>(op: Name, sample: Sample<Name>): Tensor {
  return opTable[op].evaluate(sample.attrs, tensorsOf(sample), freshContext());
}

test.each(names)('%s evaluates to the type that it infers', checkInference);

test.each(names.filter((op) => opTable[op].kind === 'composite'))('%s is what it decomposes into', checkDecomposition);

test.each(names.filter((op) => opTable[op].rowwise))('%s keeps rows apart', checkRows);

test('composite ops alone decompose, stateful ops alone have a state', () => {
  for (const op of names) {
    const { kind, decompose, stateOf } = opTable[op];
    expect([op, decompose !== undefined, stateOf !== undefined]).toEqual([
      op,
      kind === 'composite',
      kind === 'stateful',
    ]);
  }
});

function checkInference<Name extends OpName>(op: Name): void {
  checkOp(op, (sample) => {
    const inferred = opTable[op].infer(sample.attrs, sample.types);
    const { dtype, shape: found, data } = evaluateSample(op, sample);
    expect({ dtype, shape: found }).toEqual({ dtype: inferred.dtype, shape: concreteShape(inferred.shape, sizes) });
    expect(data.length).toBe(elementCount(found));
    expect(data.every(Number.isFinite)).toBe(true);
  });
}

/** Rotary has no smaller parts where its frequencies depend on the length of a call. */
function checkDecomposition<Name extends OpName>(op: Name): void {
  const { decompose } = opTable[op];
  if (decompose === undefined) throw new Error(`${op} does not decompose`);
  checkOp(op, (sample) => {
    const eager = new Eager();
    const inputs = sample.types.map((type, i) => eager.add(type, tensorsOf(sample)[i] ?? zeros(type)));
    if (op === 'rotary' && dependsOnLength(sample.attrs)) {
      expect(() => decompose(sample.attrs, inputs, eager)).toThrow('no decomposition');
      return;
    }
    const result = decompose(sample.attrs, inputs, eager);
    const whole = floats(evaluateSample(op, sample));
    expect(eager.typeOf(result)).toEqual(opTable[op].infer(sample.attrs, sample.types));
    expectNear(floats(eager.tensor(result)).data, whole.data, 1e-5);
  });
}

function dependsOnLength(attrs: unknown): boolean {
  return isLengthDependent(ropeSpecSchema.parse(attrs));
}

/** Rows chosen from the inputs give the rows that the result would have had. */
function checkRows<Name extends OpName>(op: Name): void {
  const { infer, evaluate } = opTable[op];
  checkOp(op, (sample) => {
    const { shape: dims } = infer(sample.attrs, sample.types);
    fc.pre(dims[0] === 'N' && !dims.includes('N', 1));
    const tensors = tensorsOf(sample);
    const chosen = tensors.map((tensor, i) =>
      sample.types[i]?.shape[0] === 'N' ? chooseRows(floats(tensor)) : tensor,
    );
    const after = chooseRows(floats(evaluate(sample.attrs, tensors, freshContext())));
    const before = floats(evaluate(sample.attrs, chosen, freshContext()));
    expect(before).toEqual(after);
  });
}

/** Rows 2, 0 and 2. */
function chooseRows({ shape: [, ...row], data }: FloatTensor): FloatTensor {
  const width = elementCount(row);
  return floatTensor([3, ...row], (i) => data[([2, 0, 2][Math.floor(i / width)] ?? 0) * width + (i % width)] ?? 0);
}

function expectNear(actual: Float32Array, expected: Float32Array, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs((actual[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(tolerance * (1 + Math.abs(value)));
  });
}

test('collectives combine what the devices of a group hold', () => {
  const parts = [0, 10, 20].map((from) => floatTensor([2, 2], (i) => from + i));
  expect([...ops.all_reduce.combine({ meshAxis: 0 }, parts).data]).toEqual([30, 33, 36, 39]);
  const joined = ops.all_gather.combine({ meshAxis: 0, devices: 3 }, parts);
  expect(joined.shape).toEqual([2, 6]);
  expect([...joined.data]).toEqual([0, 1, 10, 11, 20, 21, 2, 3, 12, 13, 22, 23]);
  const alone = () => opTable.all_gather.evaluate({ meshAxis: 0, devices: 3 }, parts.slice(0, 1), freshContext());
  expect(alone).toThrow('the parts of 3 devices, found 1');
});

test('the simple ops, by hand', () => {
  const matrix = floatTensor([2, 3], (i) => i + 1); // 1 2 3 / 4 5 6
  const vector = floatTensor([3], (i) => 10 * (i + 1)); // 10 20 30
  const column = floatTensor([2, 1], (i) => i + 1); // 1 / 2
  const index: Tensor = { dtype: 'int32', shape: [3], data: Int32Array.of(1, 1, 0) };
  const run = <Name extends OpName>(op: Name, attrs: AttrsOf<Name>, ...inputs: Tensor[]) => [
    ...opTable[op].evaluate(attrs, inputs, freshContext()).data,
  ];
  expect(run('add', {}, matrix, vector)).toEqual([11, 22, 33, 14, 25, 36]);
  expect(run('sub', {}, matrix, column)).toEqual([0, 1, 2, 2, 3, 4]);
  expect(run('mul', {}, matrix, column)).toEqual([1, 2, 3, 8, 10, 12]);
  expect(run('div', {}, matrix, column)).toEqual([1, 2, 3, 2, 2.5, 3]);
  expect(run('affine', { scale: 2, offset: -1 }, vector)).toEqual([19, 39, 59]);
  expect(
    run(
      'matmul',
      {},
      matrix,
      floatTensor([1, 3], (i) => i),
    ),
  ).toEqual([8, 17]);
  expect(
    run(
      'linear',
      {},
      matrix,
      floatTensor([1, 3], (i) => i),
      floatTensor([1], () => 100),
    ),
  ).toEqual([108, 117]);
  expect(run('mean', {}, matrix)).toEqual([2, 5]);
  expect(run('clamp', { min: 2, max: 5 }, matrix)).toEqual([2, 2, 3, 4, 5, 5]);
  expect(run('clamp', { min: null, max: 4 }, matrix)).toEqual([1, 2, 3, 4, 4, 4]);
  const zeros = floatTensor([2], () => 0);
  expect(run('exp', {}, zeros)).toEqual([1, 1]);
  expect(run('log', {}, column)).toEqual([0, Math.fround(Math.LN2)]);
  expect(
    run(
      'floor',
      {},
      floatTensor([3], (i) => 1.5 * i - 1.5),
    ),
  ).toEqual([-2, 0, 1]);
  expect(run('gather_rows', {}, matrix, index)).toEqual([4, 5, 6, 4, 5, 6, 1, 2, 3]);
  expect(run('concat', {}, matrix, column)).toEqual([1, 2, 3, 1, 4, 5, 6, 2]);
  expect(run('slice', { start: 1, length: 2 }, matrix)).toEqual([2, 3, 5, 6]);
  expect(run('reshape', { shape: [3, 2] }, matrix)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(run('constant', { shape: [2], data: [7, 8] })).toEqual([7, 8]);
  expect(run('to_float', {}, index)).toEqual([1, 1, 0]);
  expect(
    run(
      'sqrt',
      {},
      floatTensor([2], (i) => (i + 2) ** 2),
    ),
  ).toEqual([2, 3]);
  expect(
    run(
      'sin',
      {},
      floatTensor([1], () => 0),
    ),
  ).toEqual([0]);
  expect(
    run(
      'cos',
      {},
      floatTensor([1], () => 0),
    ),
  ).toEqual([1]);
  expect(
    run(
      'glu',
      { fn: 'relu' },
      column,
      floatTensor([2, 1], () => -3),
    ),
  ).toEqual([-3, -6]);
});

test('norms give rows of mean square one, or of mean zero and variance one', () => {
  const x = floatTensor([2, 4], (i) => (i * 7) % 5);
  const ones = floatTensor([4], () => 1);
  const rowsOf = (op: 'rms_norm' | 'layer_norm') => {
    const { data } = floats(opTable[op].evaluate({ eps: 1e-12 }, [x, ones], freshContext()));
    return [data.subarray(0, 4), data.subarray(4)];
  };
  const mean = (row: Float32Array) => row.reduce((sum, value) => sum + value, 0) / row.length;
  for (const row of rowsOf('rms_norm')) expect(mean(row.map((value) => value ** 2))).toBeCloseTo(1, 5);
  for (const row of rowsOf('layer_norm')) {
    expect(mean(row)).toBeCloseTo(0, 5);
    expect(mean(row.map((value) => value ** 2))).toBeCloseTo(1, 5);
  }
});
