import { elementCount } from '@tttv2/graph';
import { type Block, balanceStages } from '../passes/balance-stages.ts';
import { inLayer } from './in-layer.ts';
import type { HeldParameter, Part } from './model-layout.ts';

/** What the devices of each stage hold, as the pass cuts a model. @throws UnsupportedHardwareError for more stages than layers. */
export function stageParts(parts: readonly Part[], count: number, device: string): Part[][] {
  if (count === 1) return [[...parts]];
  const [start, end] = endsOf(parts);
  const blocks = blocksOf(parts);
  const sizes = blocks.map((layers, i) =>
    sizesOf([
      ...(i === 0 ? start.parameters : []),
      ...layers.flatMap((layer) => parametersOf(parts, layer)),
      ...(i === blocks.length - 1 ? end.parameters : []),
    ]),
  );
  const starts = balanceStages(sizes, count, device);
  return starts.map((first, i) => {
    const layers = new Set(blocks.slice(first, starts[i + 1]).flat());
    const own = parts.map((part) => ({ ...part, layers: part.layers.filter((layer) => layers.has(layer)) }));
    return [
      ...(i === 0 ? [start] : []),
      ...own.filter((part) => part.layers.length > 0),
      ...(i === count - 1 ? [end] : []),
    ];
  });
}

/** What stands before all layers, and what after them: a tied embedding in both, as a table and as a matrix. */
function endsOf(parts: readonly Part[]): [Part, Part] {
  const of = (kind: Part['kind']) => parts.filter((part) => part.kind === kind).flatMap((part) => part.parameters);
  const isTied = ({ name, roles }: HeldParameter) => name === 'embedding.weight' && roles.has('matrix');
  const [before, after] = [of('embedding'), of('head')];
  const tables = before.map((one) => ({ ...one, roles: isTied(one) ? withoutMatrix(one.roles) : one.roles }));
  const tied = before.filter(isTied).map((one) => ({ ...one, roles: matrix }));
  const end = (kind: Part['kind'], parameters: HeldParameter[]) => ({ kind, layers: [], parameters, states: [] });
  return [
    end(
      'embedding',
      tables.filter(({ roles }) => roles.size > 0),
    ),
    end('head', [...after, ...tied]),
  ];
}

const matrix: ReadonlySet<'matrix'> = new Set(['matrix']);

function withoutMatrix(roles: HeldParameter['roles']): HeldParameter['roles'] {
  return new Set([...roles].filter((role) => role !== 'matrix'));
}

/** Layers that stay together: one without a state of its own with that before it. */
function blocksOf(parts: readonly Part[]): number[][] {
  const layers = parts.flatMap((part) => part.layers).toSorted((a, b) => a - b);
  const hasState = (layer: number) => parts.some((part) => part.states.length > 0 && part.layers.includes(layer));
  const [, ...starts] = layers.filter(hasState);
  return [0, ...starts].map((start, i) => {
    const next = starts[i] ?? Number.POSITIVE_INFINITY;
    return layers.filter((layer) => layer >= start && layer < next);
  });
}

function parametersOf(parts: readonly Part[], layer: number): HeldParameter[] {
  const own = parts.filter((part) => part.layers.includes(layer)).flatMap((part) => part.parameters);
  return own.map((one) => ({ ...one, name: inLayer(one.name, layer) }));
}

function sizesOf(parameters: readonly HeldParameter[]): Block {
  return new Map(parameters.map(({ name, shape }) => [name, elementCount(shape)]));
}
