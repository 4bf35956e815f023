import {
  type AttrsOf,
  type Dim,
  type Graph,
  GraphBuilder,
  GraphError,
  type LocalOpName,
  type OpName,
  type StepInput,
  type ValueId,
} from '@tttv2/graph';
import { activationTypeSchema, type Dtype, type RopeSpec } from '@tttv2/spec';
import type { Random } from './random.ts';

export interface RandomGraphOptions {
  /** Storage types of matrices; null: as the checkpoint has it. */
  stored: readonly (Dtype | null)[];
  /** Storage types of caches; null: as the backend chooses. */
  cacheStored: readonly (Dtype | null)[];
  /** How many token ids, slots and cache indexes there are: the rows of the tables that they choose from. */
  rows: Readonly<Record<'tokens' | 'slot' | 'cacheIndex', number>>;
  /** Ops that are left out: those that a backend refuses. Default none. */
  without?: readonly LocalOpName[];
}

/**
 * A graph of one device that is valid and means nothing: every op but collectives, shapes of all ranks, values used many
 * times or never.
 */
export function randomGraph(random: Random, options: RandomGraphOptions): Graph {
  const maker = new GraphMaker(random, options);
  const names = Object.keys(makers)
    .filter(isLocal)
    .filter((op) => !options.without?.includes(op));
  for (let count = 3 + random.below(18); count > 0; count--) maker.add(random.pick(names));
  return maker.build();
}

const widths = [1, 2, 3, 5, 7, 8, 16, 32, 33, 64, 96];
const small = [1, 2, 3, 4, 6];
const fns = activationTypeSchema.options;
const inputNames: readonly StepInput[] = ['tokens', 'positions', 'slot', 'cacheIndex', 'logitRows'];
const opsWithoutAttributes = [
  ...(['add', 'sub', 'mul', 'div', 'concat', 'cos', 'sin', 'sqrt'] as const),
  ...(['gather_rows', 'linear', 'matmul', 'mean', 'to_float'] as const),
];
/** Numbers at which kernels break: zeros of both signs, the ends of float32 and float16, and beyond. */
const extremes = [0, -0, 1e-45, 1e-30, 65504, 1e5, -3e38, 3.4e38, 1e300];

class GraphMaker {
  readonly random: Random;
  readonly options: RandomGraphOptions;
  readonly builder = new GraphBuilder('random');
  /** What may be used by what comes next: each the output of its scope. */
  readonly #values: ValueId[] = [];
  #names = 0;

  constructor(random: Random, options: RandomGraphOptions) {
    this.random = random;
    this.options = options;
    this.add('gather_rows');
  }

  /** Adds an op, and what it needs, in a scope of its own, one to three deep. */
  add(op: LocalOpName): void {
    const path = [this.#name(op), ...this.random.pick([[], ['outer'], ['outer', 'inner']])].join('/');
    this.#values.push(this.builder.at(path, () => (this.random.once(3) && this.#anything()) || makers[op](this)));
  }

  /** An op of whatever there is; null when that is no graph. */
  #anything(): ValueId | null {
    const { random } = this;
    const inputs = random.list(1 + random.below(3), () =>
      random.once(4) ? this.builder.input(random.pick(inputNames)) : this.value(),
    );
    try {
      return this.node(random.pick(opsWithoutAttributes), {}, inputs);
    } catch (error) {
      if (error instanceof GraphError) return null;
      throw error;
    }
  }

  build(): Graph {
    const { random, builder } = this;
    const outputs: Record<string, ValueId> = {};
    if (!random.once(8)) outputs.logits = random.once(4) ? this.value() : builder.at('logits', () => this.logits());
    if (random.once(2)) outputs.other = random.once(4) ? this.parameter([random.pick(widths)]) : this.value();
    return builder.build(outputs);
  }

  node<Name extends OpName>(op: Name, attrs: AttrsOf<Name>, inputs: readonly ValueId[]): ValueId {
    return this.builder.node(op, attrs, inputs);
  }

  shape(id: ValueId): Dim[] {
    return this.builder.typeOf(id).shape;
  }

  /** Any value there is, or now and then a parameter. */
  value(): ValueId {
    const { random } = this;
    if (!random.once(6) && this.#values.length > 0) return random.pick(this.#values);
    return this.parameter(random.list(1 + random.below(4), () => random.pick(small)));
  }

  /** A value whose last dimension is fixed. */
  fixedWidth(): ValueId {
    const value = this.value();
    return typeof this.shape(value).at(-1) === 'number' ? value : this.tokenRows(this.random.pick(widths));
  }

  width(value: ValueId): number {
    return product(this.shape(value).slice(-1));
  }

  /** Another value of the same shape, or the same one. */
  like(value: ValueId): ValueId {
    const { random } = this;
    const shape = this.shape(value);
    const known = this.#values.filter((other) => this.shape(other).join() === shape.join());
    if (known.length > 0 && random.once(2)) return random.pick(known);
    const symbols = shape.filter((dim) => typeof dim === 'string');
    if (symbols.length === 0) return this.filled(numbersOf(shape));
    if (symbols.length > 1) return value;
    const rows = this.tokenRows(product(shape));
    const chosen = symbols[0] === 'R' ? this.node('gather_rows', {}, [rows, this.builder.input('logitRows')]) : rows;
    return this.node('reshape', { shape }, [chosen]);
  }

  /** Something that can be broadcast to a value. */
  broadcastTo(value: ValueId): ValueId {
    const { random } = this;
    const shape = this.shape(value);
    if (random.once(3)) return this.like(value);
    if (random.once(3) && typeof shape.at(-1) === 'number') return this.node('mean', {}, [value]);
    const dims = shape.map((dim) => (typeof dim === 'number' && !random.once(3) ? dim : 1));
    return this.filled(dims.slice(random.below(dims.length)));
  }

  /** A parameter or a constant. */
  filled(shape: number[]): ValueId {
    return this.random.once(4) ? this.constant(shape) : this.parameter(shape);
  }

  /** Rows that the tokens choose. */
  tokenRows(width: number): ValueId {
    return this.node('gather_rows', {}, [this.matrix(this.options.rows.tokens, width), this.builder.input('tokens')]);
  }

  parameter(shape: number[], stored: Dtype | null = null): ValueId {
    return this.builder.parameter(this.#name('parameter'), shape, stored);
  }

  matrix(rows: number, width: number): ValueId {
    return this.parameter([rows, width], this.random.pick(this.options.stored));
  }

  constant(shape: number[]): ValueId {
    const { random } = this;
    const number = () => (random.once(10) ? random.pick(extremes) : (random.below(2001) - 1000) / 250);
    return this.node('constant', { shape, data: random.list(product(shape), number) }, []);
  }

  /** `[N, heads, headDim]`, projected from a value. */
  heads(heads: number, headDim: number): ValueId {
    const from = this.value();
    const shape = this.shape(from);
    const rows =
      shape.filter((dim) => dim === 'N').length === 1 && !shape.includes('R')
        ? this.node('reshape', { shape: ['N', product(shape)] }, [from])
        : this.tokenRows(this.random.pick(widths));
    const projected = this.node('linear', {}, [rows, this.matrix(heads * headDim, this.width(rows))]);
    return this.node('reshape', { shape: ['N', heads, headDim] }, [projected]);
  }

  /** `[N, heads]`; of far smaller ones a kernel's `ln(1 + e^x)` is rounded away. */
  timeSteps(heads: number): ValueId {
    const steps = this.node('linear', {}, [this.tokenRows(8), this.matrix(heads, 8)]);
    return this.node('clamp', { min: -2, max: null }, [steps]);
  }

  mayUse(op: LocalOpName): boolean {
    return !this.options.without?.includes(op);
  }

  /** Of what a token sees the first or the last tokens: scores that lie near each other would say nothing. */
  selection(): ValueId {
    const { random, builder } = this;
    const places = [builder.input('slot'), builder.input('cacheIndex')];
    const counted = this.node('to_float', {}, [builder.input('cacheIndex')]);
    const of = (scale: number, offset: number) => this.node('affine', { scale, offset }, [counted]);
    const [q, k, weights] = [
      this.node('reshape', { shape: ['N', 1, 1] }, [of(0, 1)]),
      this.node('reshape', { shape: ['N', 1] }, [of(1, 1)]),
      this.node('reshape', { shape: ['N', 1] }, [of(0, random.pick([1, -1]))]),
    ];
    const stored = random.pick(this.options.cacheStored.filter((dtype) => dtype !== 'q8_0' && dtype !== 'q4_0'));
    const cache = { kind: 'kv_cache', numKvHeads: 1, headDim: 1, hasValues: false, stored } as const;
    const state = builder.state(`${builder.path}.index`, cache);
    return this.node('select_keys', { state, topK: random.pick([1, 2, 5, 300]) }, [q, k, weights, ...places]);
  }

  logits(): ValueId {
    const rows = this.node('gather_rows', {}, [
      this.tokenRows(this.random.pick(widths)),
      this.builder.input('logitRows'),
    ]);
    return this.node('linear', {}, [rows, this.matrix(this.random.pick(widths), this.width(rows))]);
  }

  #name(kind: string): string {
    return `${kind}${this.#names++}`;
  }
}

/** Adds an op to inputs that fit it. */
const makers: { readonly [Name in LocalOpName]: (make: GraphMaker) => ValueId } = {
  activation: (make) => make.node('activation', { fn: make.random.pick(fns) }, [make.value()]),
  add: binary('add'),
  affine: (make) => {
    const number = () => make.random.pick([0, 1, -0.5, 3, 1e-8]);
    return make.node('affine', { scale: number(), offset: number() }, [make.value()]);
  },
  attention(make) {
    const { random, builder } = make;
    const [kvHeads, group, headDim] = [random.pick([1, 2, 3]), random.pick([1, 2, 4]), random.pick(headDims)];
    const [q, k, v] = [
      make.heads(kvHeads * group, headDim),
      make.heads(kvHeads, headDim),
      make.heads(kvHeads, headDim),
    ];
    const hasSelection = make.mayUse('select_keys') && random.once(3);
    const cache = {
      kind: 'kv_cache',
      numKvHeads: kvHeads,
      headDim,
      stored: random.pick(make.options.cacheStored),
    } as const;
    const attrs = {
      state: builder.state(`${builder.path}.cache`, cache),
      scale: random.pick([headDim ** -0.5, 1, 0, -2]),
      mask: 'causal',
      // Of what is selected and what is seen there may be nothing in common: then there is nothing to compute.
      window: hasSelection ? null : random.pick([null, 1, 2, 5, 1000]),
      chunk: hasSelection ? null : random.pick([null, null, 1, 2, 5]),
      softcap: null,
      hasSelection,
    } as const;
    const selection = hasSelection ? [make.selection()] : [];
    return make.node('attention', attrs, [q, k, v, builder.input('slot'), builder.input('cacheIndex'), ...selection]);
  },
  causal_conv(make) {
    const { random, builder } = make;
    const [x, width] = [make.tokenRows(random.pick(widths)), random.pick([2, 3, 4, 9])];
    const state = builder.state(`${builder.path}.past`, { kind: 'recurrent', shape: [width - 1, make.width(x)] });
    const weight = make.parameter([make.width(x), width]);
    return make.node('causal_conv', { state }, [x, weight, builder.input('slot'), builder.input('cacheIndex')]);
  },
  clamp: (make) =>
    make.node('clamp', { min: make.random.pick([null, 0, -1]), max: make.random.pick([null, 0.5, 2]) }, [make.value()]),
  concat(make) {
    const value = make.fixedWidth();
    return make.node('concat', {}, [value, make.like(value)]);
  },
  constant: (make) => make.constant(make.random.list(1 + make.random.below(4), () => make.random.pick(small))),
  cos: unary('cos'),
  div: binary('div'),
  exp: (make) => make.node('exp', {}, [make.node('clamp', { min: -9, max: 9 }, [make.value()])]),
  gather_rows(make) {
    const {
      random,
      builder,
      options: { rows },
    } = make;
    const input = random.pick(['tokens', 'slot', 'cacheIndex', 'logitRows'] as const);
    const known = make.value();
    if (input === 'logitRows') {
      const table =
        make.shape(known)[0] === 'N' && make.shape(known).length > 1 ? known : make.tokenRows(random.pick(widths));
      return make.node('gather_rows', {}, [table, builder.input(input)]);
    }
    const rest = random.list(random.below(3), () => random.pick(small));
    const table =
      rest.length === 0
        ? make.matrix(rows[input], random.pick(widths))
        : make.parameter([rows[input], ...rest, random.pick(small)]);
    return make.node('gather_rows', {}, [table, builder.input(input)]);
  },
  /** Of what lies well between two whole numbers: rounding turns nothing upside down. */
  floor(make) {
    const input = make.node('to_float', {}, [make.builder.input(make.random.pick(inputNames))]);
    return make.node('floor', {}, [make.node('affine', { scale: 0.5, offset: 0.25 }, [input])]);
  },
  gated_delta(make) {
    const { random, builder } = make;
    const [groups, perGroup, headDim] = [random.pick([1, 2, 3]), random.pick([1, 2, 4]), random.pick(headDims)];
    const heads = groups * perGroup;
    const decay = make.node('constant', { shape: [heads], data: random.list(heads, () => random.below(4) - 2) }, []);
    const share = make.node('activation', { fn: 'sigmoid' }, [
      make.node('linear', {}, [make.tokenRows(8), make.matrix(heads, 8)]),
    ]);
    // Keys of length one, as in a model: longer ones make the state grow without bound.
    const length = make.node('constant', { shape: [headDim], data: random.list(headDim, () => headDim ** -0.5) }, []);
    const [q, k] = [1, 2].map(() => make.node('rms_norm', { eps: 1e-6 }, [make.heads(groups, headDim), length]));
    const state = builder.state(`${builder.path}.delta`, { kind: 'recurrent', shape: [heads, headDim, headDim] });
    const places = [builder.input('slot'), builder.input('cacheIndex')];
    const inputs = [q ?? '', k ?? '', make.heads(heads, headDim), make.timeSteps(heads), decay, share, ...places];
    return make.node('gated_delta', { state }, inputs);
  },
  glu(make) {
    const gate = make.value();
    return make.node('glu', { fn: make.random.pick(fns) }, [gate, make.like(gate)]);
  },
  layer_norm(make) {
    const value = make.fixedWidth();
    const scales = make.random.list(1 + make.random.below(2), () => make.filled([make.width(value)]));
    return make.node('layer_norm', { eps: make.random.pick(epsilons) }, [value, ...scales]);
  },
  linear(make) {
    const value = make.fixedWidth();
    const outputs = make.random.pick(widths);
    const bias = make.random.list(make.random.below(2), () => make.filled([outputs]));
    return make.node('linear', {}, [value, make.matrix(outputs, make.width(value)), ...bias]);
  },
  log: (make) => make.node('log', {}, [make.node('clamp', { min: 0.1, max: null }, [make.value()])]),
  matmul(make) {
    const value = make.fixedWidth();
    const shape = [make.random.pick(widths), make.width(value)];
    return make.node('matmul', {}, [
      value,
      make.random.once(3) ? make.constant(shape) : make.matrix(product(shape.slice(0, 1)), make.width(value)),
    ]);
  },
  mean: (make) => make.node('mean', {}, [make.fixedWidth()]),
  moe(make) {
    const { random } = make;
    const [experts, inner] = [random.pick(small), random.pick(widths)];
    const x = make.tokenRows(random.pick(widths));
    const width = make.width(x);
    const logits = make.node('linear', {}, [x, make.matrix(experts, width)]);
    const gated = random.once(2);
    const shapes = [...(gated ? [[experts, inner, width]] : []), [experts, inner, width], [experts, width, inner]];
    // Scores may be equal: which are the best is then decided by a bias, or all are.
    const [isBiased, hasExpertScale] = [random.once(2), random.once(4)];
    const merits = Array.from({ length: experts }, (_, i) => 10 * ((i * 5 + 3) % 7) + i);
    const bias = isBiased ? [make.node('constant', { shape: [experts], data: merits }, [])] : [];
    const attrs = {
      topK: isBiased ? 1 + random.below(experts) : experts,
      fn: random.pick(fns),
      gated,
      score: random.pick(['softmax', 'sigmoid'] as const),
      order: isBiased ? 'score_then_topk' : random.pick(['score_then_topk', 'topk_then_score'] as const),
      normalize: random.once(2),
      scale: random.pick([1, 0.5]),
      groups: null,
      limit: null,
      upOffset: 0,
      scored: random.pick(['outputs', 'outputs', 'inputs'] as const),
      hasExpertScale,
    } as const;
    const scale = hasExpertScale ? [make.filled([experts])] : [];
    return make.node('moe', attrs, [x, logits, ...shapes.map((shape) => make.parameter(shape)), ...bias, ...scale]);
  },
  mul: binary('mul'),
  reshape(make) {
    const value = make.value();
    return make.node('reshape', { shape: reshaped(make.random, make.shape(value)) }, [value]);
  },
  rms_norm(make) {
    const value = make.fixedWidth();
    return make.node('rms_norm', { eps: make.random.pick(epsilons) }, [value, make.filled([make.width(value)])]);
  },
  rotary(make) {
    const { random, builder } = make;
    const headDim = random.pick(headDims.filter((dim) => dim > 1));
    const x = make.heads(random.pick(small), headDim);
    return make.node('rotary', randomRope(random, headDim), [x, builder.input('positions'), builder.input('slot')]);
  },
  /** What it gives is read by attention alone. */
  select_keys: (make) => makers.attention(make),
  sin: unary('sin'),
  slice(make) {
    const value = make.fixedWidth();
    const start = make.random.below(make.width(value));
    return make.node('slice', { start, length: 1 + make.random.below(make.width(value) - start) }, [value]);
  },
  sqrt: unary('sqrt'),
  ssm_scan(make) {
    const { random, builder } = make;
    const [groups, perGroup] = [random.pick([1, 2, 3]), random.pick([1, 2, 4])];
    const [headDim, width] = [random.pick(headDims), random.pick(headDims)];
    const heads = groups * perGroup;
    const dt = make.timeSteps(heads);
    const decay = make.node('constant', { shape: [heads], data: random.list(heads, () => -random.below(9)) }, []);
    const [b, c] = [make.heads(groups, width), make.heads(groups, width)];
    const state = builder.state(`${builder.path}.scan`, { kind: 'recurrent', shape: [heads, headDim, width] });
    const places = [builder.input('slot'), builder.input('cacheIndex')];
    return make.node('ssm_scan', { state }, [make.heads(heads, headDim), dt, decay, b, c, ...places]);
  },
  sub: binary('sub'),
  to_float: (make) => make.node('to_float', {}, [make.builder.input(make.random.pick(inputNames))]),
};

const headDims = [1, 2, 3, 5, 8, 9, 16, 32, 64];
const epsilons = [1e-6, 1e-5, 0.1, 1e-45, 1e30];

function isLocal(op: string): op is LocalOpName {
  return Object.hasOwn(makers, op);
}

function unary(op: 'sqrt' | 'sin' | 'cos'): (make: GraphMaker) => ValueId {
  return (make) => make.node(op, {}, [make.value()]);
}

function binary(op: 'add' | 'sub' | 'mul' | 'div'): (make: GraphMaker) => ValueId {
  return (make) => {
    const value = make.value();
    return make.node(op, {}, [value, make.broadcastTo(value)]);
  };
}

/** Another shape for the same elements: dimensions merged, split, added; nothing but ones before those of tokens. */
function reshaped(random: Random, shape: readonly Dim[]): Dim[] {
  const symbols = shape.filter((dim) => typeof dim === 'string');
  const size = product(shape);
  const factor = random.pick([1, 2, 3, size].filter((divisor) => size % divisor === 0));
  const inner = [factor, size / factor].filter((dim) => dim !== 1 || random.once(2));
  const outer = random.once(3) ? [1] : [];
  const dims = [...outer, ...symbols, ...(random.once(3) ? inner.toReversed() : inner)];
  return dims.length === 0 ? [1] : dims;
}

function randomRope(random: Random, headDim: number): RopeSpec {
  const pairs = 1 + random.below(Math.floor(headDim / 2));
  const divisors = () => random.list(pairs, () => random.pick([1, 1.5, 4]));
  const originalMaxSeqLen = random.pick([2, 4, 100]);
  const [factor, attentionFactor] = [random.pick([1, 2, 8]), random.pick([1, 1.2])];
  const scaling = random.pick<RopeSpec['scaling']>([
    { kind: 'default' },
    { kind: 'linear', factor },
    ...(pairs > 1 ? [{ kind: 'dynamic', factor, originalMaxSeqLen } as const] : []),
    { kind: 'llama3', factor, lowFreqFactor: 1, highFreqFactor: 4, originalMaxSeqLen },
    { kind: 'yarn', factor, originalMaxSeqLen, betaFast: 32, betaSlow: 1, truncate: random.once(2), attentionFactor },
    { kind: 'factors', factors: divisors(), attentionFactor },
    { kind: 'longrope', shortFactors: divisors(), longFactors: divisors(), originalMaxSeqLen, attentionFactor },
  ]);
  return {
    theta: random.pick([1, 100, 10000, 1e6]),
    rotaryDim: 2 * pairs,
    layout: random.pick(['half', 'interleaved']),
    scaling,
  };
}

/** Elements of a shape for one token and one wanted row. */
function product(shape: readonly Dim[]): number {
  return numbersOf(shape).reduce((size, dim) => size * dim, 1);
}

function numbersOf(shape: readonly Dim[]): number[] {
  return shape.filter((dim) => typeof dim === 'number');
}
