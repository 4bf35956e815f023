import { attentionExtras, type Dim, type LocalOpName, moeInputs, type NodeOf } from '@tttv2/graph';

/** The dimension along which a value is cut over the devices; null: every device has all of it. */
export type Cut = number | null;

/** How a node wants an input: cut, or `share`: of a parameter, each device has as much as all of them together make up. */
export type Form = Cut | 'share';

/** An input of a node, as it lies on the devices. */
export interface Operand {
  shape: readonly Dim[];
  cut: Cut;
  /** Parameters are cut as they are wanted. */
  isParameter: boolean;
}

/** A way to compute a node in parts: how it wants its inputs to be cut, and how its result then is. */
export interface Way {
  inputs: readonly Form[];
  result: Cut;
  /** What each device computes is a summand of the result. */
  isSum?: boolean;
}

/** The way that an op suggests, given how its inputs are cut; null where only the whole makes sense. */
type CutRule<Name extends LocalOpName> = (
  node: NodeOf<Name>,
  operands: readonly Operand[],
  devices: number,
) => Way | null;

/** A rule for every op: a new op without one does not compile. Whether a suggestion can be followed is checked for all. */
export const cutRules: { readonly [Name in LocalOpName]: CutRule<Name> } = {
  activation: elementwise,
  add: elementwise,
  affine: elementwise,
  attention: byHeads,
  causal_conv: ({ inputs }, [x]) =>
    x?.cut === 1 ? { inputs: inputs.map((_, i) => [1, 0][i] ?? null), result: 1 } : null,
  clamp: elementwise,
  concat: beforeLast(2),
  constant: () => null,
  cos: elementwise,
  div: elementwise,
  exp: elementwise,
  floor: elementwise,
  gated_delta: ({ inputs }, [q]) =>
    q?.cut === 1 ? { inputs: inputs.map((_, i) => [1, 1, 1, 1, 0, 1][i] ?? null), result: 1 } : null,
  gather_rows: gatherRows,
  glu: elementwise,
  layer_norm: beforeLast(1),
  linear: product,
  log: elementwise,
  matmul: product,
  mean: beforeLast(1),
  moe: experts,
  mul: elementwise,
  reshape,
  rms_norm: beforeLast(1),
  rotary: ({ inputs }, [x]) =>
    x?.cut === 1 ? { inputs: inputs.map((_, i) => (i === 0 ? 1 : null)), result: 1 } : null,
  select_keys: () => null,
  sin: elementwise,
  slice: beforeLast(1),
  sqrt: elementwise,
  ssm_scan: () => null,
  sub: elementwise,
  to_float: () => null,
};

/** Queries, keys, values and sinks; all devices see the same tokens. */
function byHeads({ attrs, inputs }: NodeOf<'attention'>, [q]: readonly Operand[]): Way | null {
  if (q?.cut !== 1) return null;
  const { sinks } = attentionExtras(attrs, [...inputs.keys()]);
  return { inputs: inputs.map((_, i) => (i < 3 ? 1 : i === sinks ? 0 : null)), result: 1 };
}

/** As the first input that is cut, all of them; what is broadcast along that dimension is needed whole. */
function elementwise({ type }: { type: { shape: readonly Dim[] } }, operands: readonly Operand[]): Way | null {
  const fromEnd = operands.flatMap(({ shape, cut }) => (cut === null ? [] : [shape.length - cut]))[0];
  if (fromEnd === undefined) return null;
  const wanted = ({ shape }: Operand): Cut =>
    fromEnd > shape.length || shape.at(-fromEnd) === 1 ? null : shape.length - fromEnd;
  return { inputs: operands.map(wanted), result: type.shape.length - fromEnd };
}

/** Ops within rows of the last dimension: the first `values` inputs are cut alike along another one. */
function beforeLast(values: number): (node: unknown, operands: readonly Operand[]) => Way | null {
  return (_node, operands) => {
    const [x] = operands;
    if (x === undefined || x.cut === null || x.cut === x.shape.length - 1) return null;
    const { cut } = x;
    return { inputs: operands.map((_, i) => (i < values ? cut : null)), result: cut };
  };
}

/** A table is cut by columns: any device may be asked for any row. */
function gatherRows(_node: unknown, [table]: readonly Operand[]): Way | null {
  if (table === undefined) return null;
  const cut = table.isParameter ? table.shape.length - 1 : table.cut;
  return cut === null || cut === 0 ? null : { inputs: [cut, null], result: cut };
}

/**
 * `x[…, K] · weight[O, K]ᵀ`: of the whole x each device computes some outputs; of a part of K, a summand of all of them;
 * of x cut along another dimension, the same part of the result.
 */
function product({ type }: { type: { shape: readonly Dim[] } }, [x, , ...bias]: readonly Operand[]): Way | null {
  if (x === undefined) return null;
  const last = type.shape.length - 1;
  const whole = bias.map(() => null);
  if (x.cut === null) return { inputs: [null, 0, ...bias.map(() => 0)], result: last };
  if (x.cut === last) return { inputs: [last, 1, ...whole], result: null, isSum: true };
  return { inputs: [x.cut, null, ...whole], result: x.cut };
}

/**
 * Every device computes a part of the inner dimension of each expert: a summand of what the chosen ones give. Of the biases
 * of results each adds its share.
 */
function experts({ attrs }: NodeOf<'moe'>, operands: readonly Operand[]): Way | null {
  if (operands[0]?.cut !== null) return null;
  const { matrices, biases } = moeInputs(attrs, [...operands.keys()]);
  const down = matrices.length - 1;
  const inputs = operands.map((_, i): Form => {
    const [matrix, bias] = [matrices.indexOf(i), biases?.indexOf(i) ?? -1];
    if (matrix >= 0) return matrix === down ? 2 : 1;
    return bias < 0 ? null : bias === down ? 'share' : 1;
  });
  return { inputs, result: null, isSum: true };
}

/** The same elements in the same order: the cut is where as many of them follow as before. */
function reshape({ attrs: { shape } }: NodeOf<'reshape'>, [x]: readonly Operand[], devices: number): Way | null {
  if (x === undefined || x.cut === null) return null;
  const following = elements(x.shape.slice(x.cut));
  const result = shape.findIndex(
    (dim, i) => typeof dim === 'number' && dim % devices === 0 && elements(shape.slice(i)) === following,
  );
  return result < 0 ? null : { inputs: [x.cut], result };
}

/** NaN where a dimension is not fixed. */
function elements(shape: readonly Dim[]): number {
  return shape.reduce<number>((count, dim) => count * (typeof dim === 'number' ? dim : Number.NaN), 1);
}
