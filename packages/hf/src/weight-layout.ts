import { shapeOf, type WeightExpr } from '@tttv2/graph';
import type { ModelSpec } from '@tttv2/spec';
import { splitLayer, type WeightLayout, type WeightPart } from './weight-names.ts';

/** A parameter, and where a checkpoint may hold it. */
export interface PlacedParameter extends WeightLayout {
  readonly name: string;
  readonly shape: readonly number[];
  /** Of a tensor that holds several. */
  readonly share?: Share;
}

/**
 * What belongs to a parameter of the outputs of a tensor: of each of `groups` parts, which have `total` each, `count` from
 * `start` on.
 */
interface Share {
  groups: number;
  start: number;
  count: number;
  total: number;
}

/** The place `layout` of a parameter among those of a model. */
export function placed(
  layout: WeightLayout,
  name: string,
  { spec, parameters }: { spec: ModelSpec; parameters: ReadonlyMap<string, readonly number[]> },
): PlacedParameter {
  const shape = parameters.get(name) ?? [];
  const { part } = layout;
  if (part === undefined) return { ...layout, name, shape };
  const sizes = part.of.map((one) => matrices(one, parameters.get(one) ?? [0]).outputs);
  const groups = groupsOf(part, name, { spec, sizes });
  const index = part.of.indexOf(name);
  const sum = (of: readonly number[]) => of.reduce((total, size) => total + size, 0) / groups;
  const share = {
    groups,
    start: sum(sizes.slice(0, index)),
    count: sum(sizes.slice(index, index + 1)),
    total: sum(sizes),
  };
  return { ...layout, name, shape, share };
}

function groupsOf({ by }: WeightPart, name: string, { spec, sizes }: { spec: ModelSpec; sizes: readonly number[] }) {
  if (by === undefined) return 1;
  if (by === 'row') return Math.max(1, Math.min(...sizes));
  const mixer = spec.layers[Number(splitLayer(name).layer)]?.mixer;
  if (mixer?.kind === 'gated_delta') return mixer.numKeyHeads;
  if (mixer?.kind !== 'attention') return 1;
  return by === 'head' ? mixer.numHeads : mixer.numKvHeads;
}

/** The tensors that a parameter is made of: one, or one for each expert. */
export function tensorsOf({ tensor, shape }: PlacedParameter): string[] {
  if (!tensor.includes('{e}')) return [tensor];
  return Array.from({ length: shape[0] ?? 0 }, (_, expert) => tensor.replace('{e}', `${expert}`));
}

/** Shape of each of those tensors. */
export function storedShape({ name, tensor, shape, share, isTransposed }: PlacedParameter): number[] {
  const outputs = shape.length - (isBias(name) || shape.length === 1 ? 1 : 2);
  const whole = share === undefined ? [...shape] : shape.with(outputs, share.groups * share.total);
  const each = tensor.includes('{e}') ? whole.slice(1) : whole;
  return isTransposed && isMatrix(name, each) ? each.with(-1, each.at(-2) ?? 1).with(-2, each.at(-1) ?? 1) : each;
}

/** A parameter, made of its tensors. */
export function layoutExpr(parameter: PlacedParameter, tensors: readonly WeightExpr[]): WeightExpr {
  const { name, tensor, share, isTransposed = false } = parameter;
  const upright = tensors.map((of) => (isTransposed && isMatrix(name, shapeOf(of)) ? transposed(of) : of));
  const [first] = upright;
  const whole: WeightExpr = tensor.includes('{e}') || first === undefined ? { kind: 'stack', of: upright } : first;
  return share === undefined ? whole : shareOf(whole, share, parameter);
}

/** A matrix, or each of a stack of them. */
function transposed(of: WeightExpr): WeightExpr {
  const [count = 1, ...matrix] = shapeOf(of);
  if (matrix.length < 2) return { kind: 'transpose', of };
  const each = (start: number): WeightExpr => ({ kind: 'rows', of, start, count: 1, step: 1 });
  return {
    kind: 'stack',
    of: Array.from({ length: count }, (_, i) => ({
      kind: 'transpose',
      of: { kind: 'reshape', of: each(i), shape: matrix },
    })),
  };
}

/** Its outputs of every group of every matrix. Where each group has one unit for it, they are a step apart. */
function shareOf(of: WeightExpr, share: Share, { name, shape }: PlacedParameter): WeightExpr {
  const { start, count, total } = share;
  const { count: stacked, inputs } = matrices(name, shape);
  const groups = stacked * share.groups;
  if (groups === 1 && shapeOf(of)[0] === total) return { kind: 'rows', of, start, count, step: 1 };
  const unit = greatestCommonDivisor(start, count, total);
  const units: WeightExpr = { kind: 'reshape', of, shape: [(groups * total) / unit, unit, inputs] };
  const rows = (from: number, number: number, step: number): WeightExpr => ({
    ...{ kind: 'rows', of: units, start: from / unit, count: number / unit, step: step / unit },
  });
  const own: WeightExpr =
    count === unit
      ? rows(start, groups * count, total)
      : { kind: 'concat', of: Array.from({ length: groups }, (_, group) => rows(group * total + start, count, unit)) };
  return { kind: 'reshape', of: own, shape: [...shape] };
}

/** A parameter as matrices `[outputs, inputs]`, of which there may be one for each expert. */
function matrices(name: string, shape: readonly number[]): { count: number; outputs: number; inputs: number } {
  const [inputs = 1, outputs = 1, count = 1] = (
    isBias(name) || shape.length === 1 ? [...shape, 1] : shape
  ).toReversed();
  return { count, outputs, inputs };
}

function isMatrix(name: string, shape: readonly number[]): boolean {
  return shape.length > 1 && !isBias(name);
}

function isBias(name: string): boolean {
  return name.endsWith('.bias');
}

function greatestCommonDivisor(...numbers: number[]): number {
  const ofTwo = (a: number, b: number): number => (b === 0 ? a : ofTwo(b, a % b));
  return numbers.reduce(ofTwo);
}
