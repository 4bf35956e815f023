import { bytesOf, type Dtype, dtypes } from '@tttv2/spec';

/**
 * How to obtain a parameter from a checkpoint: JSON data that any host can evaluate (`readWeight` is the reference).
 * Shapes are row-major; the last dimension is contiguous.
 */
export type WeightExpr =
  /** Bytes of a file, as they are. `shape` in elements. */
  | { kind: 'stored'; file: string; offset: number; bytes: number; dtype: Dtype; shape: number[] }
  /** `count` rows (first dimension) of `of`: start, start + step, … */
  | { kind: 'rows'; of: WeightExpr; start: number; count: number; step: number }
  /** `count` columns (last dimension) of `of` from `start` on; of block types, whole blocks. */
  | { kind: 'columns'; of: WeightExpr; start: number; count: number }
  /** `rows` rows of zeros after those of `of`. */
  | { kind: 'padRows'; of: WeightExpr; rows: number }
  /** Row i of the result is row `order[i]` of `of`. */
  | { kind: 'permuteRows'; of: WeightExpr; order: number[] }
  /** Swaps the two dimensions of a matrix. */
  | { kind: 'transpose'; of: WeightExpr }
  /** Tensors of equal shape along a new first dimension. */
  | { kind: 'stack'; of: WeightExpr[] }
  /** Tensors joined along their first dimension. */
  | { kind: 'concat'; of: WeightExpr[] }
  /** The same elements under another shape. */
  | { kind: 'reshape'; of: WeightExpr; shape: number[] }
  /** The same numbers as float32. */
  | { kind: 'dequantise'; of: WeightExpr }
  /**
   * Numbers `[…, R, C]`, of each block of `block` rows and columns all multiplied by its scale, as float32. Scales are
   * `[…, ⌈R / rows⌉, ⌈C / columns⌉]`: blocks at the lower and the right edge may be cut off.
   * Source: `_dequantize_fp8_weight` in transformers' `finegrained_fp8.py`.
   */
  | { kind: 'scaleBlocks'; of: WeightExpr; scales: WeightExpr; block: [rows: number, columns: number] }
  /**
   * Codes `[…, G, 16]` and exponents `[…, G]`, both uint8, as ggml's blocks of `mxfp4`: `[…, 32 · G]`. The low nibble of
   * a byte is the element before that of the high one. Source: `convert_moe_packed_tensors` in transformers' `mxfp4.py`.
   */
  | { kind: 'packMxfp4'; of: WeightExpr; scales: WeightExpr }
  /** Every number of `of` multiplied by `scale`, `offset` added, as float32. */
  | { kind: 'affine'; of: WeightExpr; scale: number; offset: number }
  /** Normal numbers N(mean, std²) of a counter-based generator: the same for every host (`random-weights.ts`). float32. */
  | { kind: 'random'; seed: number; stream: string; mean: number; std: number; shape: number[] };

/** Shape in elements of what an expression evaluates to. */
export function shapeOf(expr: WeightExpr): number[] {
  switch (expr.kind) {
    case 'stored':
    case 'reshape':
    case 'random':
      return expr.shape;
    case 'rows':
      return [expr.count, ...shapeOf(expr.of).slice(1)];
    case 'columns':
      return shapeOf(expr.of).with(-1, expr.count);
    case 'padRows': {
      const [rows = 0, ...row] = shapeOf(expr.of);
      return [rows + expr.rows, ...row];
    }
    case 'permuteRows':
      return [expr.order.length, ...shapeOf(expr.of).slice(1)];
    case 'transpose':
      return shapeOf(expr.of).toReversed();
    case 'stack':
      return [expr.of.length, ...shapeOf(first(expr.of))];
    case 'concat':
      return [expr.of.reduce((rows, part) => rows + (shapeOf(part)[0] ?? 0), 0), ...shapeOf(first(expr.of)).slice(1)];
    case 'dequantise':
    case 'scaleBlocks':
    case 'affine':
      return shapeOf(expr.of);
    case 'packMxfp4': {
      const [codes = 0, groups = 0, ...outer] = shapeOf(expr.of).toReversed();
      return [...outer.toReversed(), 2 * codes * groups];
    }
  }
}

/** Storage type of what an expression evaluates to. */
export function dtypeOf(expr: WeightExpr): Dtype {
  switch (expr.kind) {
    case 'stored':
      return expr.dtype;
    case 'random':
    case 'dequantise':
    case 'scaleBlocks':
    case 'affine':
      return 'float32';
    case 'packMxfp4':
      return 'mxfp4';
    case 'stack':
    case 'concat':
      return dtypeOf(first(expr.of));
    default:
      return dtypeOf(expr.of);
  }
}

/** The expressions that one is made of. */
export function partsOf(expr: WeightExpr): readonly WeightExpr[] {
  switch (expr.kind) {
    case 'stored':
    case 'random':
      return [];
    case 'stack':
    case 'concat':
      return expr.of;
    case 'scaleBlocks':
    case 'packMxfp4':
      return [expr.of, expr.scales];
    default:
      return [expr.of];
  }
}

/** A run of bytes in a file. */
export interface StoredView {
  file: string;
  offset: number;
  bytes: number;
  dtype: Dtype;
  shape: number[];
}

/** The run of bytes that an expression is, when nothing need be copied or computed; else null. */
export function asView(expr: WeightExpr): StoredView | null {
  if (expr.kind === 'stored') {
    const { file, offset, bytes, dtype, shape } = expr;
    return { file, offset, bytes, dtype, shape };
  }
  if (expr.kind === 'reshape') {
    const view = asView(expr.of);
    return view === null || !keepsBlocks(view.dtype, view.shape, expr.shape) ? null : { ...view, shape: expr.shape };
  }
  if (expr.kind === 'dequantise') return dtypeOf(expr.of) === 'float32' ? asView(expr.of) : null;
  if (expr.kind === 'columns')
    return expr.start === 0 && expr.count === shapeOf(expr.of).at(-1) ? asView(expr.of) : null;
  if (expr.kind === 'rows' && expr.step === 1) {
    const view = asView(expr.of);
    if (view === null) return null;
    const shape = shapeOf(expr);
    const row = bytesOf(view.dtype, shape.slice(1));
    return { ...view, offset: view.offset + expr.start * row, bytes: expr.count * row, shape };
  }
  return null;
}

/** True when an expression's bytes lie in a file as they are wanted. */
export function isView(expr: WeightExpr): boolean {
  return asView(expr) !== null;
}

/** Block types pack the last dimension: it must stay whole blocks. */
function keepsBlocks(dtype: Dtype, from: readonly number[], to: readonly number[]): boolean {
  const { elements } = dtypes[dtype];
  return elements === 1 || (from.at(-1) ?? 1) === (to.at(-1) ?? 1) || (to.at(-1) ?? 1) % elements === 0;
}

function first<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined) throw new Error('an expression over a list needs at least one part');
  return item;
}
