import type { DeviceParameter } from './device-parameter.ts';
import type { LoweredProgram } from './lower-program.ts';
import { type Phase, phases } from './phase.ts';

/** `PARAMETERS`: shape, type and layout of each weight by name; layers with the same weights in a loop. */
export function emitParameters({ parameters }: LoweredProgram): string {
  const rows = (of: readonly DeviceParameter[], quote: (name: string) => string, indent: string) =>
    of.map((parameter) => `${indent}${quote(parameter.name)}: ${factsOf(parameter)},`);
  const { single, repeated } = rowsOf(parameters);
  const head = [
    '# Shape, type and layout of each weight.',
    'PARAMETERS = {',
    ...rows(single, (name) => `'${name}'`, '    '),
    '}',
  ];
  const loops = repeated.map(({ indexes, members }) => [
    `for i in ${showIndexes(indexes)}:`,
    '    PARAMETERS |= {',
    ...rows(members, (name) => `f'${withIndex(name)}'`, '        '),
    '    }',
  ]);
  return [head, ...loops].map((lines) => lines.join('\n')).join('\n');
}

/** `INPUTS`: type and layout of what a call of each phase brings. */
export function emitInputs({ phases: lowered }: LoweredProgram): string {
  const table = (phase: Phase) => [
    `    '${phase}': {`,
    ...lowered[phase].inputs.map(
      ({ name, dtype, layout, comment }) => `        '${name}': (ttnn.${dtype}, ${layouts[layout]}),  # ${comment}`,
    ),
    '    },',
  ];
  return ['# Type and layout of what a call brings.', 'INPUTS = {', ...phases.flatMap(table), '}'].join('\n');
}

/** `CACHES`, KV heads and head dimension of each attention, and how they are made. */
export function emitCaches({ graph, precision }: LoweredProgram): string {
  const states = Object.entries(graph.states).map(([name, { numKvHeads, headDim }]) => ({ name, numKvHeads, headDim }));
  const facts = ({ numKvHeads, headDim }: { numKvHeads: number; headDim: number }) => `(${numKvHeads}, ${headDim})`;
  const { single, repeated } = rowsOf(states);
  const loops = repeated.flatMap(({ indexes, members }) =>
    members.map((state) => `f'${withIndex(state.name)}': ${facts(state)} for i in ${showIndexes(indexes)}`),
  );
  const named = single.map((state) => `'${state.name}': ${facts(state)}`);
  const [only, ...others] = loops;
  const isOneLoop = only !== undefined && others.length === 0 && named.length === 0;
  const entries = isOneLoop ? only : [...loops.map((loop) => `**{${loop}}`), ...named].join(', ');
  return `# KV heads and head dimension of each attention.
CACHES = {${entries}}


def make_caches(device, users, length):
    """Keys and values of each attention, [users, KV heads, length, head dimension] each."""
    options = {'dtype': ttnn.${precision.caches}, 'layout': ttnn.TILE_LAYOUT, 'device': device}
    return {
        name: [ttnn.zeros((users, heads, length, head_dim), **options) for _ in ('keys', 'values')]
        for name, (heads, head_dim) in CACHES.items()
    }`;
}

const layouts = { tile: 'ttnn.TILE_LAYOUT', row_major: 'ttnn.ROW_MAJOR_LAYOUT' } as const;

function factsOf({ shape, dtype, layout }: DeviceParameter): string {
  return `((${shape.join(', ')}), ttnn.${dtype}, ${layouts[layout]})`;
}

interface Row<Item> {
  indexes: readonly number[];
  /** One for each name that the row repeats. */
  members: readonly Item[];
}

/** Things named `stem.3.rest` that repeat for the same indexes, and all others. */
function rowsOf<Item extends { name: string }>(items: readonly Item[]): { single: Item[]; repeated: Row<Item>[] } {
  const byPattern = new Map<string, Item[]>();
  for (const item of items) {
    const key = JSON.stringify({ ...item, name: withIndex(item.name), content: undefined });
    byPattern.set(key, [...(byPattern.get(key) ?? []), item]);
  }
  const byIndexes = new Map<string, { indexes: number[]; members: Item[] }>();
  for (const [first, ...others] of byPattern.values()) {
    if (first === undefined || others.length === 0) continue;
    const indexes = [first, ...others].map(({ name }) => indexOf(name));
    const row = byIndexes.get(indexes.join()) ?? { indexes, members: [] };
    row.members.push(first);
    byIndexes.set(indexes.join(), row);
  }
  const single = [...byPattern.values()].filter(({ length }) => length === 1).flat();
  return { single, repeated: [...byIndexes.values()] };
}

/** The 3 of `layers.3.rest`. */
function indexOf(name: string): number {
  return Number(/\.(\d+)\./.exec(name)?.[1]);
}

function withIndex(name: string): string {
  return name.replace(/\.\d+\./, '.{i}.');
}

/** `range(3, 7)` where that says it, else a tuple. */
function showIndexes(indexes: readonly number[]): string {
  const [first = 0] = indexes;
  if (!indexes.every((index, i) => index === first + i)) return `(${indexes.join(', ')})`;
  return first === 0 ? `range(${indexes.length})` : `range(${first}, ${first + indexes.length})`;
}
