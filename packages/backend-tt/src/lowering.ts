import type { Dim, LocalOpName, NodeOf } from '@tttv2/graph';
import type { RopeSpec } from '@tttv2/spec';
import type { Board } from './devices/board.ts';
import type { Phase } from './phase.ts';
import type { Expr, StepRef, Value, WeightRef } from './python.ts';
import type { TtDtype, TtFloat } from './tt-dtype.ts';

/** Types of what is computed and kept on the device. */
export interface Precision {
  activations: 'float32' | 'bfloat16';
  /** Where the graph does not say. */
  weights: TtFloat;
  caches: TtFloat;
}

/** What a call of the program brings. */
export interface CallInput {
  name: string;
  dtype: TtDtype;
  layout: 'tile' | 'row_major';
  /** For people. */
  comment: string;
}

/** Cosines and sines for the tokens of a call, `[rows, headDim]`; beyond `rotaryDim` they are 1 and 0. */
export interface RotaryTable {
  rope: RopeSpec;
  headDim: number;
  cos: StepRef;
  sin: StepRef;
}

/** An input of a node: a computed value, or a weight in the form of one. */
export type Operand = Omit<Value, 'kind' | 'hint'> & { expr: Expr };

/** How a new value differs from four plain dimensions in DRAM. */
export type Placement = Partial<Pick<Value, 'hint' | 'order' | 'memory'>>;

/** What a lowering may use to write ttnn calls. They go to the scope of the node that is lowered. */
export interface LoweringContext {
  readonly phase: Phase;
  readonly board: Board;
  readonly precision: Precision;
  /** Shape of a value, a parameter or a step input in the graph. */
  dims(name: string): readonly Dim[];
  isParameter(name: string): boolean;
  /** A value that was computed. */
  value(name: string): Value;
  operand(name: string): Operand;
  /** Adds a call that makes a value. */
  emit(expr: Expr, shape: Value['shape'], placement?: Placement): Value;
  /** Adds a call that makes several values of a shape. */
  emitAll(expr: Expr, shape: Value['shape'], hints: readonly string[]): Value[];
  /** Adds a call that writes a cache. */
  run(expr: Expr): void;
  /** `weight[…, O, K]` of one parameter, or of several, all outputs side by side, as a tile matrix `[K, …O]`. */
  matrix(names: readonly string[], as?: string): WeightRef;
  /** Experts `weight[E, O, K]` one below the other, as a tile matrix `[E · K, O]`. */
  tallMatrix(name: string): WeightRef;
  /** A parameter in its own shape, four dimensions; of several, one after the other. */
  vector(names: readonly string[], as?: string): WeightRef;
  /** A parameter's rows, to be looked up: `[rows, width]`, row-major. */
  table(name: string): WeightRef;
  /** Numbers that the program holds itself. */
  numbers(as: string, shape: readonly number[], data: readonly number[]): WeightRef;
  /** Row numbers that each call brings. */
  input(input: CallInput): StepRef;
  rotary(rope: RopeSpec, headDim: number, memory: Value['memory']): RotaryTable;
  /** Place in the cache of each user's new token, -1 for a user that rests. */
  cacheIndex(): StepRef;
  /** The value with the heads of each user, rows of `width`, on a core of its own. */
  perUser(operand: Operand): Expr;
  /** The matrix that turns neighbouring pairs, for ttnn's rotary op. */
  turn(memory: Value['memory']): WeightRef | StepRef;
  cacheDtype(state: string): TtFloat;
  /** Keys and values of an attention, each in a variable. */
  cache(state: string): [keys: Value, values: Value];
}

/** Writes one op as ttnn calls, and returns its result. */
export type Lowering<Name extends LocalOpName> = (context: LoweringContext, node: NodeOf<Name>) => Value;
