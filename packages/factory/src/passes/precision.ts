import type { Backend, Graph, Parameter } from '@tttv2/graph';
import { type HardwareConfig, type Precision, UnsupportedHardwareError } from '@tttv2/spec';
import { storedAs } from './weight-dtype.ts';

type WeightGroup = 'ff1_3' | 'ff2' | 'wqkv' | 'wo';

/** Which canonical parameters make a group. */
const groups: Readonly<Record<WeightGroup, RegExp>> = {
  ff1_3: /\.ffn\.(?:shared\.|experts\.)?(?:gate|up)\.weight$/,
  ff2: /\.ffn\.(?:shared\.|experts\.)?down\.weight$/,
  wqkv: /\.mixer\.(?:q|k|v|kv|q\.down|q\.up|kvDown|kvUp|in|in\.q|in\.k|in\.v|in\.gate)\.weight$/,
  wo: /\.mixer\.(?:o|out)\.weight$/,
};

/** Stores groups of matrices in the types that `precision` names, over what `weightDtype` says of all. */
export function precision(graph: Graph, wanted: Precision): Graph {
  const parameters = Object.entries(graph.parameters).map(([name, parameter]): [string, Parameter] => {
    const group = groupOf(parameter.from ?? name);
    const dtype = group === null || parameter.shape.length < 2 ? undefined : wanted[group];
    return [name, dtype === undefined ? parameter : { ...parameter, stored: storedAs[dtype] }];
  });
  return { ...graph, parameters: Object.fromEntries(parameters) };
}

function groupOf(parameter: string): WeightGroup | null {
  for (const group of ['ff1_3', 'ff2', 'wqkv', 'wo'] as const) if (groups[group].test(parameter)) return group;
  return null;
}

/** What a configuration asks for: its own groups, or what the backend means by a preset. @throws UnsupportedHardwareError */
export function precisionOf({ name, presets }: Backend, { precision: asked }: HardwareConfig): Precision | null {
  if (asked === undefined) return null;
  if (typeof asked !== 'string') return asked;
  const preset = presets?.[asked];
  if (preset !== undefined) return preset;
  const message = `${name}: precision "${asked}" means nothing here: name groups, e.g. { wqkv: 'float32' }`;
  throw new UnsupportedHardwareError({ device: name, field: 'precision', message });
}
