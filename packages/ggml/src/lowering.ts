import type { LocalOpName, NodeOf, Sight, StepInput, StepSizes } from '@tttv2/graph';
import type { RopeSpec } from '@tttv2/spec';
import type { Binding } from './binding.ts';
import type { LayerCache } from './kv-cache.ts';
import type { EqualRun } from './lower/recurrent.ts';
import type { Pointer } from './pointer.ts';
import type { RecurrentRows } from './recurrent-memory.ts';

/** A value of the graph as a native tensor, contiguous. */
export interface Lowered {
  tensor: Pointer;
  /** Row-major, concrete. */
  shape: number[];
}

/** Tokens `from … from + count` of a step. */
export interface TokenSpan {
  from: number;
  count: number;
}

/** What a lowering may use to emit native ops. */
export interface LoweringContext {
  readonly g: Binding;
  readonly arena: Pointer;
  readonly sizes: StepSizes;
  /** Float32 weights: prefer exact forms over fast ones that round. */
  readonly isExact: boolean;
  readonly useFlashAttention: boolean;
  /** Cells of the cache that the step may see: a multiple of the padding. */
  readonly visibleCells: number;
  /** Orders a tensor after all that was emitted so far: needed where memory, not an edge, carries the dependency. */
  expand(tensor: Pointer): void;
  stepInput(name: StepInput): Pointer;
  /** A weight in a layout for products alone; null where it has only the plain one. */
  repacked(weight: string): Pointer | null;
  /** Numbers that the graph holds itself. */
  constant(id: string): Pointer;
  /** The tokens of the step, by what shares its rotary frequencies: one span, or one for each sequence. */
  readonly spans: readonly TokenSpan[];
  /** Positions of some tokens by axis as ggml has them, int32 `[4 · count]`: those of time once more at the end. */
  axisPositions(span: TokenSpan): Pointer;
  /** Divisors of θ^(-2i/d) for some tokens, `[pairs]`: ggml reads one for each pair of a head, turned or not. */
  ropeDivisors(rope: RopeSpec, base: number, pairs: number, span: TokenSpan): Pointer;
  cache(state: string): LayerCache;
  recurrentState(state: string): RecurrentRows;
  /** The sequences of the step, by what native recurrent ops take at once. */
  readonly runs: readonly EqualRun[];
  /** Rows of recurrent states, one a sequence: where they are (int32), or are to be (int64). */
  recurrentRows(which: 'from' | 'to'): Pointer;
  /** The cell of each token, int64 `[N]`. */
  cellRows(): Pointer;
  /** The place of each number of each token's values in a transposed cache, int64 `[N · width]`. */
  transposedRows(width: number): Pointer;
  /** 0 where token i sees cell j, else -∞, `[N, visibleCells]`: float16 for flash attention, else float32. */
  mask(sight: Sight, dtype: 'float16' | 'float32'): Pointer;
}

/** Emits the native form of one op; returns its result, contiguous and of the node's shape. */
export type Lowering<Name extends LocalOpName> = (
  context: LoweringContext,
  node: NodeOf<Name>,
  inputs: readonly Lowered[],
) => Pointer;

/** The input at `index`. Validated graphs have it. */
export function at(inputs: readonly Lowered[], index: number): Lowered {
  const input = inputs[index];
  if (input === undefined) throw new Error(`input ${index} is missing`);
  return input;
}
