import type { Backend, Graph, Parameter } from '@tttv2/graph';
import { type Dtype, type HardwareConfig, type Precision, UnsupportedHardwareError } from '@tttv2/spec';
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
    const dtype = parameter.shape.length < 2 ? null : groupDtype(parameter.from ?? name, wanted);
    return [name, dtype === null ? parameter : { ...parameter, stored: dtype }];
  });
  return { ...graph, parameters: Object.fromEntries(parameters) };
}

/** The type of a matrix by its group, of its canonical name; null where it has none, or nothing is wanted of that. */
export function groupDtype(parameter: string, wanted: Precision): Dtype | null {
  const group = groupOf(parameter);
  const dtype = group === null ? undefined : wanted[group];
  return dtype === undefined ? null : storedAs[dtype];
}

function groupOf(parameter: string): WeightGroup | null {
  for (const group of ['ff1_3', 'ff2', 'wqkv', 'wo'] as const) if (groups[group].test(parameter)) return group;
  return null;
}

/** What a configuration asks for: its own groups, or what the backend means by a preset. @throws UnsupportedHardwareError */
export function precisionOf(
  { name, presets }: Pick<Backend, 'name' | 'presets'>,
  { precision: asked }: Pick<HardwareConfig, 'precision'>,
): Precision | null {
  if (asked === undefined) return null;
  if (typeof asked !== 'string') return asked;
  const preset = presets?.[asked];
  if (preset !== undefined) return preset;
  const message = `${name}: precision "${asked}" means nothing here: name groups, e.g. { wqkv: 'float32' }`;
  throw new UnsupportedHardwareError({ device: name, field: 'precision', message });
}
