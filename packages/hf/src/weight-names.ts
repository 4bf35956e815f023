/**
 * Names of modules, canonical to those of a checkpoint; `{i}` is the number of a layer. A parameter's last part (`weight`,
 * `bias`) is the same on both sides: `layers.{i}.mixer.q` ↔ `model.layers.{i}.self_attn.q_proj` names both.
 */
export type WeightNames = Readonly<Record<string, string>>;

/** What the checkpoint calls a parameter; null when the table has no name for it. */
export function tensorName(names: WeightNames, parameter: string): string | null {
  return rename(new Map(Object.entries(names)), parameter);
}

/** What a tensor of a checkpoint is called here; null when the table does not name it. */
export function parameterName(names: WeightNames, tensor: string): string | null {
  return rename(new Map(Object.entries(names).map(([ours, theirs]) => [theirs, ours])), tensor);
}

function rename(names: ReadonlyMap<string, string>, name: string): string | null {
  const [, module = '', part = ''] = /^(.+)\.([^.]+)$/.exec(name) ?? [];
  const { pattern, layer } = splitLayer(module);
  const renamed = names.get(pattern);
  if (renamed === undefined || renamed.includes('{i}') !== (layer !== '')) return null;
  return `${renamed.replace('{i}', layer)}.${part}`;
}

/** The name with `{i}` for the number of its layer. */
export function splitLayer(name: string): { pattern: string; layer: string } {
  const [found, layer = ''] = /(?<=\.)(\d+)(?=\.)/.exec(name) ?? [];
  return { pattern: found === undefined ? name : name.replace(/(?<=\.)\d+(?=\.)/, '{i}'), layer };
}
