import type { Dim, KvCache, LocalGraph, LocalOpName, NodeOf } from '@tttv2/graph';
import { kvCachesOf, scopesOf, stepInputType } from '@tttv2/graph';
import type { RopeSpec } from '@tttv2/spec';
import { asMatrix, asPlain, asTable, asTallMatrix, type ParameterContent } from './device-parameter.ts';
import type { Board } from './devices/board.ts';
import { lowerings } from './lower/index.ts';
import { turnMatrix } from './lower/rotary.ts';
import type { CallInput, Lowering, LoweringContext, Operand, Placement, Precision, RotaryTable } from './lowering.ts';
import type { ParameterTable } from './parameter-table.ts';
import { type Phase, tile } from './phase.ts';
import { type CacheRef, type Expr, py, type Statement, type StepRef, type Value, type WeightRef } from './python.ts';
import { findQkvHeads, type QkvHeads } from './qkv-heads.ts';
import { operandOf, plainShape } from './shapes.ts';
import { type TtFloat, ttFloat } from './tt-dtype.ts';

/** A graph as ttnn calls, for one way in which tokens lie on the device. */
export interface LoweredPhase {
  phase: Phase;
  statements: readonly Statement[];
  /** Outputs of the scopes that are tapped. */
  tapped: ReadonlyMap<string, Value>;
  /** Where each node's value is, and each parameter that is an output. */
  values: ReadonlyMap<string, Value>;
  inputs: readonly CallInput[];
  rotaries: readonly RotaryTable[];
}

export interface LoweringSettings {
  board: Board;
  precision: Precision;
  parameters: ParameterTable;
  /** Scopes that are to have their output in a variable of their own. */
  taps: ReadonlySet<string>;
}

export function lowerPhase(graph: LocalGraph, phase: Phase, settings: LoweringSettings): LoweredPhase {
  return new PhaseLowering(graph, phase, settings).lower();
}

class PhaseLowering implements LoweringContext {
  readonly phase: Phase;
  readonly board: Board;
  readonly precision: Precision;
  readonly #graph: LocalGraph;
  readonly #parameters: ParameterTable;
  readonly #taps: ReadonlySet<string>;
  readonly #dims = new Map<string, readonly Dim[]>();
  readonly #values = new Map<string, Value>();
  readonly #inputs = new Map<string, CallInput>();
  readonly #rotaries = new Map<string, RotaryTable>();
  readonly #prologue = new Map<string, Statement>();
  readonly #statements: Statement[] = [];
  #scope = '';

  constructor(graph: LocalGraph, phase: Phase, { board, precision, parameters, taps }: LoweringSettings) {
    this.phase = phase;
    this.board = board;
    this.precision = precision;
    this.#graph = graph;
    this.#parameters = parameters;
    this.#taps = taps;
    for (const name of graph.inputs) this.#dims.set(name, stepInputType(name, graph).shape);
    for (const [name, { shape }] of Object.entries(graph.parameters)) this.#dims.set(name, shape);
    for (const { id, type } of graph.nodes) this.#dims.set(id, type.shape);
  }

  lower(): LoweredPhase {
    const heads = findQkvHeads(this.#graph);
    const tapsOf = this.#tapsByNode();
    for (const node of this.#graph.nodes) {
      const group = heads.get(node.id);
      if (group !== undefined) this.#lowerHeads(group);
      if (![...heads.values()].some(({ nodes }) => nodes.includes(node.id))) this.#lowerNode(node);
      for (const scope of tapsOf.get(node.id) ?? []) this.#keepIn(scope, node.id);
    }
    for (const id of Object.values(this.#graph.outputs)) if (this.isParameter(id)) this.#giveOut(id);
    return {
      phase: this.phase,
      tapped: new Map([...tapsOf].flatMap(([id, scopes]) => scopes.map((scope) => [scope, this.value(id)]))),
      statements: [...this.#prologue.values(), ...this.#statements],
      values: this.#values,
      inputs: [...this.#inputs.values()],
      rotaries: [...this.#rotaries.values()],
    };
  }

  /** In decode every user has a row, wanted or not. */
  dims(name: string): readonly Dim[] {
    const dims = this.#dims.get(name);
    if (dims === undefined) throw new Error(`"${name}" is not a value of the graph: validate it first`);
    return this.phase === 'decode' ? dims.map((dim) => (dim === 'R' ? 'N' : dim)) : dims;
  }

  isParameter(name: string): boolean {
    return Object.hasOwn(this.#graph.parameters, name);
  }

  value(name: string): Value {
    const value = this.#values.get(name);
    if (value === undefined) throw new Error(`"${name}" has no value yet: validate the graph first`);
    return value;
  }

  operand(name: string): Operand {
    if (!this.isParameter(name)) return operandOf(this.value(name));
    const shape = plainShape(this.dims(name));
    return { expr: py`${this.vector([name])}`, shape, order: 'plain', memory: 'dram' };
  }

  emit(expr: Expr, shape: Value['shape'], { hint, order = 'plain', memory = 'dram' }: Placement = {}): Value {
    const value: Value = { kind: 'value', hint: hint ?? this.#scope, shape, order, memory };
    this.#statements.push({ scope: this.#scope, results: [value], expr });
    return value;
  }

  emitAll(expr: Expr, shape: Value['shape'], hints: readonly string[]): Value[] {
    const results = hints.map((hint): Value => ({ kind: 'value', hint, shape, order: 'plain', memory: 'dram' }));
    this.#statements.push({ scope: this.#scope, results, expr });
    return results;
  }

  run(expr: Expr): void {
    this.#statements.push({ scope: this.#scope, results: [], expr });
  }

  matrix(names: readonly string[], as = leafOf(names)): WeightRef {
    const [inputs = 1] = this.dims(names[0] ?? '')
      .slice(-1)
      .map(Number);
    const outputs = names.reduce((sum, name) => sum + product(this.dims(name).slice(0, -1)), 0);
    const facts = { shape: [inputs, outputs], dtype: this.#storedAs(names), layout: 'tile' } as const;
    return this.#weight(as, 'matrix', facts, { kind: 'made', from: names, make: asMatrix });
  }

  tallMatrix(name: string): WeightRef {
    const [experts = 1, outputs = 1, inputs = 1] = this.dims(name).map(Number);
    const facts = { shape: [experts * inputs, outputs], dtype: this.#storedAs([name]), layout: 'tile' } as const;
    return this.#weight(leafOf([name]), 'tall', facts, { kind: 'made', from: [name], make: asTallMatrix });
  }

  vector(names: readonly string[], as = leafOf(names)): WeightRef {
    const [rows = 1, ...rest] = this.dims(names[0] ?? '').map(Number);
    const all = names.length === 1 ? rows : names.reduce((sum, name) => sum + Number(this.dims(name)[0]), 0);
    const facts = { shape: plainShape([all, ...rest]), dtype: this.precision.activations, layout: 'tile' } as const;
    return this.#weight(as, 'vector', facts, { kind: 'made', from: names, make: asPlain });
  }

  table(name: string): WeightRef {
    const [rows = 1, ...rest] = this.dims(name).map(Number);
    const shape = [rows, rest.reduce((width, dim) => width * dim, 1)];
    const facts = { shape, dtype: this.precision.activations, layout: 'row_major' } as const;
    return this.#weight(leafOf([name]), 'table', facts, { kind: 'made', from: [name], make: asTable });
  }

  numbers(as: string, shape: readonly number[], data: readonly number[]): WeightRef {
    const facts = { shape, dtype: this.precision.activations, layout: 'tile' } as const;
    return this.#weight(as, `numbers ${data.join()}`, facts, { kind: 'numbers', data });
  }

  input(input: CallInput): StepRef {
    this.#inputs.set(input.name, input);
    return { kind: 'step', name: input.name };
  }

  rotary(rope: RopeSpec, headDim: number, memory: Value['memory']): RotaryTable {
    const key = JSON.stringify([rope, headDim, memory]);
    const known = this.#rotaries.get(key);
    if (known !== undefined) return known;
    const number = this.#rotaries.size === 0 ? '' : `_${this.#rotaries.size + 1}`;
    const [cos, sin] = [this.#rotaryInput(`cos${number}`, headDim), this.#rotaryInput(`sin${number}`, headDim)];
    for (const ref of memory === 'users' ? [cos, sin] : [])
      this.#prepare(ref, py`ttnn.to_memory_config(${ref}, ${this.#userShards(headDim)})`);
    const table = { rope, headDim, cos, sin };
    this.#rotaries.set(key, table);
    return table;
  }

  turn(memory: Value['memory']): WeightRef | StepRef {
    const before = this.#scope;
    this.#scope = '';
    const matrix = this.numbers(
      'turn',
      [1, 1, tile, tile],
      turnMatrix({ layout: 'interleaved', rotaryDim: tile }, tile),
    );
    this.#scope = before;
    if (memory === 'dram') return matrix;
    const turn: StepRef = { kind: 'step', name: 'turn' };
    const repeated = py`ttnn.repeat(${matrix}, (1, 1, ${this.cacheIndex()}.shape[0], 1))`;
    this.#prepare(turn, py`ttnn.to_memory_config(${repeated}, ${this.#userShards(tile)})`);
    return turn;
  }

  cacheIndex(): StepRef {
    const comment = '[users]: place of the new token in the cache; -1: rests';
    return this.input({ name: 'cache_index', dtype: 'int32', layout: 'row_major', comment });
  }

  perUser({ expr, memory, shape }: Operand): Expr {
    if (memory === 'users') return expr;
    return py`ttnn.to_memory_config(${expr}, ${this.#userShards(Number(shape[3]))})`;
  }

  cacheDtype(state: string): TtFloat {
    return ttFloat(this.#cache(state)?.stored ?? this.precision.caches);
  }

  #cache(state: string): KvCache | undefined {
    return new Map(kvCachesOf(this.#graph)).get(state);
  }

  cache(state: string): [keys: Value, values: Value] {
    const { numKvHeads, headDim } = this.#cache(state) ?? { numKvHeads: 1, headDim: 1 };
    const half = (hint: string): Value => ({
      kind: 'value',
      hint,
      shape: ['users', numKvHeads, 'length', headDim],
      order: 'plain',
      memory: 'dram',
    });
    const [keys, values] = [half('keys'), half('values')];
    const cache: CacheRef = { kind: 'cache', state };
    this.#statements.push({ scope: this.#scope, results: [keys, values], expr: py`${cache}` });
    return [keys, values];
  }

  #lowerNode(node: LocalGraph['nodes'][number]): void {
    this.#scope = node.scope;
    this.#values.set(node.id, this.#lowerOp(node.op, node));
  }

  #lowerOp<Name extends LocalOpName>(op: Name, node: NodeOf<Name>): Value {
    const lower: Lowering<Name> | null = lowerings[op];
    if (lower === null) throw new TypeError(`${op} is not supported, so no graph with it is lowered`);
    return lower(this, node);
  }

  /** One product and one cut for all heads of an attention. */
  #lowerHeads({ scope, x, weights, biases, heads, numHeads, numKvHeads, headDim }: QkvHeads): void {
    this.#scope = scope;
    const operand = this.operand(x);
    const [, , rows] = operand.shape;
    const bias = biases.length === 0 ? '' : py`, bias=${this.vector(biases, 'qkv.bias')}`;
    const matrix = this.matrix(weights, 'qkv.weight');
    const call = py`ttnn.linear(${operand.expr}, ${matrix}${bias}, compute_kernel_config=EXACT)`;
    const qkv = this.emit(call, [1, 1, rows, (numHeads + 2 * numKvHeads) * headDim], { hint: 'qkv' });
    const counts = py`num_heads=${numHeads}, num_kv_heads=${numKvHeads}`;
    const isPrefill = this.phase === 'prefill';
    const cut = isPrefill
      ? py`ttnn.experimental.nlp_create_qkv_heads(${qkv}, ${counts}, transpose_k_heads=False)`
      : py`ttnn.experimental.nlp_create_qkv_heads_decode(${qkv}, ${counts}, memory_config=ttnn.L1_HEIGHT_SHARDED_MEMORY_CONFIG)`;
    const results = heads.map((id, i): Value => {
      const count = i === 0 ? numHeads : numKvHeads;
      const shape: Value['shape'] = isPrefill ? [1, count, rows, headDim] : [1, rows, count, headDim];
      const hint = ['q', 'k', 'v'][i] ?? '';
      const value: Value = {
        kind: 'value',
        hint,
        shape,
        order: isPrefill ? 'heads' : 'plain',
        memory: isPrefill ? 'dram' : 'users',
      };
      this.#values.set(id, value);
      return value;
    });
    this.#statements.push({ scope, results, expr: cut });
  }

  #weight(
    as: string,
    form: string,
    facts: { shape: readonly number[]; dtype: CallInput['dtype']; layout: CallInput['layout'] },
    content: ParameterContent,
  ): WeightRef {
    const name = [...this.#scope.split('/'), as].filter((part) => part !== '').join('.');
    const key = JSON.stringify([name, form, content.kind === 'made' ? content.from : null]);
    return { kind: 'weight', name: this.#parameters.add(key, { name, ...facts, content }).name };
  }

  /** As the graph says; where it leaves it open, as the program has its weights. */
  #storedAs(names: readonly string[]): TtFloat {
    const stored = new Set(names.map((name) => this.#graph.parameters[name]?.stored ?? this.precision.weights));
    const [dtype, ...others] = stored;
    if (dtype === undefined || others.length > 0)
      throw new Error(`${names.join(', ')} cannot be one as ${[...stored].join(' and ')}`);
    return ttFloat(dtype);
  }

  #rotaryInput(name: string, headDim: number): StepRef {
    const comment = this.phase === 'prefill' ? `[1, 1, tokens, ${headDim}]` : `[1, users, 1, ${headDim}]`;
    return this.input({ name, dtype: this.precision.activations, layout: 'tile', comment });
  }

  #userShards(width: number): Expr {
    this.cacheIndex();
    return py`user_shards(step, ${Math.ceil(width / tile) * tile})`;
  }

  /** Brings something of the step into another form, once, before all else. */
  #prepare({ name }: StepRef, expr: Expr): void {
    this.#prologue.set(name, { scope: '', results: [], expr: py`step.${name} = ${expr}` });
  }

  #tapsByNode(): Map<string, string[]> {
    const byNode = new Map<string, string[]>();
    // Inner scopes first: their variable is what the outer ones give out.
    for (const { path, output } of [...scopesOf(this.#graph).values()].reverse())
      if (output !== null && this.#taps.has(path)) byNode.set(output, [...(byNode.get(output) ?? []), path]);
    return byNode;
  }

  /** A parameter that is an output of the graph. */
  #giveOut(name: string): void {
    this.#scope = '';
    const { expr, ...operand } = this.operand(name);
    this.#values.set(name, this.emit(expr, operand.shape, operand));
  }

  /** A scope whose output was made elsewhere (by a call that does more) gets a variable for it. */
  #keepIn(scope: string, id: string): void {
    const value = this.value(id);
    const maker = this.#statements.find(({ results }) => results.includes(value))?.scope ?? '';
    if (maker === scope || maker.startsWith(`${scope}/`)) return;
    this.#scope = scope;
    this.#values.set(id, this.emit(py`${value}`, value.shape, { ...value, hint: scope }));
  }
}

function product(dims: readonly Dim[]): number {
  return dims.reduce<number>((count, dim) => count * Number(dim), 1);
}

/** What a parameter is called within its scope: `weight`. */
function leafOf([name = '']: readonly string[]): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
