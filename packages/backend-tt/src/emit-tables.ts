import { kvCachesOf } from '@tttv2/graph';
import type { DeviceParameter } from './device-parameter.ts';
import type { LoweredProgram } from './lower-program.ts';
import { type Phase, phases } from './phase.ts';
import { quote, quoteWith } from './quote.ts';

/** `PARAMETERS`: shape, type and layout of each weight by name; layers with the same weights in a loop. */
export function emitParameters({ parameters }: LoweredProgram): string {
  const rows = (of: readonly DeviceParameter[], show: (name: string) => string, indent: string) =>
    of.map((parameter) => `${indent}${show(parameter.name)}: ${factsOf(parameter)},`);
  const { single, repeated } = rowsOf(parameters);
  const head = ['# Shape, type and layout of each weight.', 'PARAMETERS = {', ...rows(single, quote, '    '), '}'];
  const loops = repeated.map(({ indexes, members }) => [
    `for i in ${showIndexes(indexes)}:`,
    '    PARAMETERS |= {',
    ...rows(members, quoteRow, '        '),
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
  const states = kvCachesOf(graph).map(([name, { numKvHeads, headDim, stored }]) => ({
    name,
    facts: `(${numKvHeads}, ${headDim}, ttnn.${stored ?? precision.caches})`,
  }));
  const { single, repeated } = rowsOf(states);
  const loops = repeated.flatMap(({ indexes, members }) =>
    members.map(({ name, facts }) => `${quoteRow(name)}: ${facts} for i in ${showIndexes(indexes)}`),
  );
  const named = single.map(({ name, facts }) => `${quote(name)}: ${facts}`);
  const [only, ...others] = loops;
  const isOneLoop = only !== undefined && others.length === 0 && named.length === 0;
  const entries = isOneLoop ? only : [...loops.map((loop) => `**{${loop}}`), ...named].join(', ');
  return `# KV heads, head dimension and type of each attention's cache.
CACHES = {${entries}}


def make_caches(device, users, length):
    """Keys and values of each attention, [users, KV heads, length, head dimension] each."""
    options = {'layout': ttnn.TILE_LAYOUT, 'device': device}
    return {
        name: [ttnn.zeros((users, heads, length, head_dim), dtype=dtype, **options) for _ in ('keys', 'values')]
        for name, (heads, head_dim, dtype) in CACHES.items()
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
    const key = JSON.stringify({ ...item, name: withoutIndex(item.name), content: undefined });
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
const index = /(?<=\.)(?:0|[1-9]\d*)(?=\.)/;

function indexOf(name: string): number {
  return Number(index.exec(name)?.[0]);
}

/** The name that things of a row share. */
function withoutIndex(name: string): string {
  return name.replace(index, '#');
}

/** A name as Python, for each `i` of its row. */
function quoteRow(name: string): string {
  const { 0: found = '', index: at = 0 } = index.exec(name) ?? {};
  return quoteWith('i', [name.slice(0, at), name.slice(at + found.length)]);
}

/** `range(3, 7)` where that says it, else a tuple. */
function showIndexes(indexes: readonly number[]): string {
  const [first = 0] = indexes;
  if (!indexes.every((index, i) => index === first + i)) return `(${indexes.join(', ')})`;
  return first === 0 ? `range(${indexes.length})` : `range(${first}, ${first + indexes.length})`;
}
