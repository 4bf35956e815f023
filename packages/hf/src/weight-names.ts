/**
 * Names of parameters, canonical to those of a checkpoint; `{i}` is the number of a layer. A module's name stands for all
 * its parameters, whose last part (`weight`, `bias`) is the same on both sides: `layers.{i}.mixer.q` ↔
 * `model.layers.{i}.self_attn.q_proj` names both. Of several places the first counts of which a checkpoint has a tensor.
 */
export type WeightNames = Readonly<Record<string, WeightPlace | readonly WeightPlace[]>>;

/** Where a checkpoint holds a parameter: a tensor as it is, or one of which something is to be made. */
export type WeightPlace = string | WeightLayout;

export interface WeightLayout {
  /** `{e}` is the number of an expert: there is a tensor for each, to be stacked. */
  readonly tensor: string;
  /** The tensor holds several parameters along its outputs. */
  readonly part?: WeightPart;
  /** A matrix lies there as `[in, out]`. */
  readonly isTransposed?: boolean;
}

export interface WeightPart {
  /** All that the tensor holds, in order: names as those of the table, this one among them. */
  readonly of: readonly string[];
  /**
   * Absent: one after the other. Else they take turns: for each row of the smallest, for each head of queries, or for each
   * KV head of the layer, there is a share of every one of them.
   */
  readonly by?: 'row' | 'head' | 'kv_head';
}

/** The place of all that one tensor holds. */
export function fusedWeights<Place extends WeightLayout & { part: WeightPart }>(place: Place): Record<string, Place> {
  return Object.fromEntries(place.part.of.map((name) => [name, place]));
}

/** Where a parameter may lie, best first; empty when the table has no name for it. */
export function placesOf(names: WeightNames, parameter: string): WeightLayout[] {
  const { pattern, layer } = splitLayer(parameter);
  const { module, part } = splitPart(pattern);
  const [places, suffix] = Object.hasOwn(names, pattern) ? [names[pattern], ''] : [own(names, module), part];
  return layoutsOf(places)
    .filter(({ tensor }) => tensor.includes('{i}') === (layer !== ''))
    .map(({ tensor, part, ...layout }) => {
      const named = (name: string) => `${name.replace('{i}', layer)}${suffix}`;
      return { ...layout, tensor: named(tensor), ...(part && { part: { ...part, of: part.of.map(named) } }) };
    });
}

/** What the checkpoint calls a parameter, at the best place; null when the table has no name for it. */
export function tensorName(names: WeightNames, parameter: string): string | null {
  return placesOf(names, parameter)[0]?.tensor ?? null;
}

/** What a tensor of a checkpoint is called here, the first when it holds several; null when the table does not name it. */
export function parameterName(names: WeightNames, tensor: string): string | null {
  for (const [ours, places] of Object.entries(names)) {
    for (const { tensor: theirs } of layoutsOf(places)) {
      const found = matcher(theirs).exec(tensor)?.groups;
      if (found !== undefined) return `${ours.replace('{i}', found.layer ?? '')}${found.part ?? ''}`;
    }
  }
  return null;
}

/** The name with `{i}` for the number of its layer. */
export function splitLayer(name: string): { pattern: string; layer: string } {
  const [found, layer = ''] = /(?<=\.)(\d+)(?=\.)/.exec(name) ?? [];
  return { pattern: found === undefined ? name : name.replace(/(?<=\.)\d+(?=\.)/, '{i}'), layer };
}

function splitPart(name: string): { module: string; part: string } {
  const [, module = '', part = ''] = /^(.+)(\.[^.]+)$/.exec(name) ?? [];
  return { module, part };
}

function own(names: WeightNames, name: string): WeightNames[string] {
  return Object.hasOwn(names, name) ? (names[name] ?? []) : [];
}

/** Places, each as a layout. */
export function layoutsOf(places: WeightNames[string] = []): WeightLayout[] {
  const list: readonly WeightPlace[] = typeof places === 'object' && 'tensor' in places ? [places] : [places].flat();
  return list.map((place) => (typeof place === 'string' ? { tensor: place } : place));
}

/** Matches the tensors of a module or a tensor; captures the number of the `layer` and, of a module, the `part`. */
function matcher(theirs: string): RegExp {
  const name = theirs.replaceAll('.', '\\.').replace('{i}', '(?<layer>\\d+)').replace('{e}', '\\d+');
  return new RegExp(`^${name}(?<part>\\.[^.]+)?$`);
}
